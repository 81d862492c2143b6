import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import {
  Client,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { TraceId } from '../../../src/index.js';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';

let port = 0;
const options = {
  host: '127.0.0.1',
  get port() {
    return port;
  },
};

@Controller()
class HybridController {
  @Client({ transport: Transport.TCP, options })
  private readonly self!: ClientProxy;

  @Get('ask')
  ask(): Promise<string> {
    return firstValueFrom(this.self.send<string>('answer', {}));
  }

  @MessagePattern('answer')
  async answer(@TraceId() traceId: string): Promise<string> {
    await sleep(2);
    return traceId;
  }
}

/** NestJS makes the clients before the port of the server is known. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

describe.each(PLATFORMS)('a hybrid application on %s', (platform) => {
  it.each([true, false])('is one trace (inheritAppConfig: %s)', async (inheritAppConfig) => {
    port = await freePort();
    const { app, send, sink } = await tracedApp(platform)
      .of({ controllers: [HybridController] })
      .prepared(async (hybrid) => {
        hybrid.connectMicroservice<MicroserviceOptions>(
          { transport: Transport.TCP, options },
          { inheritAppConfig },
        );
        await hybrid.startAllMicroservices();
      })
      .start();
    const response = await send('/ask');
    const traceId = response.headers.get('x-trace-id')!;
    expect(await response.text()).toBe(traceId);
    const [request] = await sink.finishes(1);
    const messages = sink.linesOf('Message finished');
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({
      trace_id: traceId,
      request_id: request!.request_id,
      transport: 'tcp',
      pattern: 'answer',
      handler: 'HybridController.answer',
      outcome: 'completed',
    });
    expect(messages[0]!.span_id).not.toBe(request!.span_id);
    expect(sink.finished).toHaveLength(1);
    await app.close();
  });
});
