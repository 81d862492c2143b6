import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

/** A client that sends nothing anywhere. */
class SilentClient extends ClientProxy {
  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  unwrap<T>(): T {
    return undefined as T;
  }

  protected publish(
    _packet: unknown,
    callback: (packet: { response: unknown; isDisposed: boolean }) => void,
  ): () => void {
    callback({ response: 'done', isDisposed: true });
    return () => {};
  }

  protected dispatchEvent<T>(): Promise<T> {
    return Promise.resolve(undefined as T);
  }
}

@Controller()
class OrdersController {
  constructor(@Inject('CLIENT') private readonly client: ClientProxy) {}

  @Get('fine')
  async fine(): Promise<string> {
    await lastValueFrom(this.client.send('price.ask', {}));
    await lastValueFrom(this.client.send({ cmd: 'sum' }, {}));
    // An observable that has no subscriber sends nothing.
    this.client.send('never.asked', {});
    for (let i = 0; i < 3; i++) await lastValueFrom(this.client.emit('order.created', { i }));
    return 'ok';
  }

  @Get('quiet')
  quiet(): string {
    return 'ok';
  }
}

@Module({ providers: [{ provide: 'CLIENT', useValue: new SilentClient() }], exports: ['CLIENT'] })
class ClientModule {}

describe.each(PLATFORMS)('the access log line on %s', (platform) => {
  it('names the messages that its request sent, also of one that succeeds', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ imports: [ClientModule], controllers: [OrdersController] })
      .start();
    await Promise.all([send('/fine'), send('/quiet')]);
    const lines = await sink.finishes(2);
    const sentOf = (path: string): unknown => lines.find((line) => line['path'] === path)!['sent'];
    expect(sentOf('/fine')).toEqual([
      'SilentClient price.ask',
      'SilentClient {"cmd":"sum"}',
      'SilentClient order.created',
    ]);
    expect(sentOf('/quiet')).toBeUndefined();
  });
});
