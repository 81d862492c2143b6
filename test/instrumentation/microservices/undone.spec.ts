import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientGrpcProxy,
  ClientKafka,
  ClientProxy,
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { ListenersController } from '@nestjs/microservices/listeners-controller.js';
import { firstValueFrom } from 'rxjs';
import { TraceContext, TracingModule } from '../../../src/index.js';
import { LineSink } from '../../support/line-sink.js';
import { sinkLogger } from '../../support/traced-app.js';
import { TCP } from './server-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

@Controller()
class EchoController {
  constructor(private readonly trace: TraceContext) {}

  @MessagePattern('echo')
  echo(): string | undefined {
    return this.trace.traceId;
  }
}

/** The methods of NestJS that are changed while an application runs. */
function methods(): unknown[] {
  const { registerPatternHandlers, insertEntrypointDefinition } =
    ListenersController.prototype as unknown as Record<string, unknown>;
  const { createServiceMethod } = ClientGrpcProxy.prototype as unknown as Record<string, unknown>;
  const { send, emit } = ClientProxy.prototype;
  const { emitBatch } = ClientKafka.prototype;
  return [
    registerPatternHandlers,
    insertEntrypointDefinition,
    createServiceMethod,
    send,
    emit,
    emitBatch,
  ];
}

async function runningApp(): Promise<{
  readonly ask: () => Promise<string>;
  readonly close: () => Promise<void>;
}> {
  @Module({
    imports: [TracingModule.forRoot({ logger: sinkLogger(new LineSink()) })],
    controllers: [EchoController],
  })
  class EchoModule {}

  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    ...TCP,
    logger: false,
  });
  await app.listen();
  const { port } = app.unwrap<{ address(): { port: number } }>().address();
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  return {
    ask: () =>
      app
        .get(TraceContext)
        .run({ traceId: TRACE_ID }, () => firstValueFrom(client.send<string>('echo', {}))),
    close: async () => {
      await client.close();
      await app.close();
    },
  };
}

describe('the classes of NestJS', () => {
  it('are as they were after the last application, and traced again for the next one', async () => {
    const original = methods();
    const [first, second] = [await runningApp(), await runningApp()];
    const traced = methods();
    expect(traced.filter((method, index) => method === original[index])).toEqual([]);
    expect(await first.ask()).toBe(TRACE_ID);

    await first.close();
    expect(methods()).toEqual(traced);
    expect(await second.ask()).toBe(TRACE_ID);

    await second.close();
    expect(methods()).toEqual(original);

    const third = await runningApp();
    expect(methods().filter((method, index) => method === original[index])).toEqual([]);
    expect(await third.ask()).toBe(TRACE_ID);
    await third.close();
    expect(methods()).toEqual(original);
  });
});
