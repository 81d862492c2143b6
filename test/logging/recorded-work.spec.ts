import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Logger, type INestMicroservice } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { Interval, ScheduleModule, Timeout } from '@nestjs/schedule';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { lastValueFrom } from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import { TraceContext, traceJson } from '../../src/index.js';
import { heldByRecordings } from '../../src/trace/recording.js';
import {
  connect,
  SOCKET_PLATFORMS,
  useSocketAdapter,
} from '../instrumentation/websockets/clients.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type TracedAppBuilder } from '../support/traced-app.js';

/** What messages and runs do: those with an odd number fail. */
async function work(logger: Logger, n: number): Promise<void> {
  logger.debug('begin', { n });
  await sleep(10 - n);
  logger.debug('end', { n });
  if (n % 2 === 1) throw new Error(`broken ${n}`);
}

@Controller()
class PaymentsController {
  private readonly logger = new Logger('Payments');

  @MessagePattern('pay')
  async pay(@Payload() n: number): Promise<number> {
    await work(this.logger, n);
    return n;
  }

  @EventPattern('paid')
  paid(@Payload() n: number): Promise<void> {
    return work(this.logger, n);
  }
}

@WebSocketGateway()
class PaymentsGateway {
  private readonly logger = new Logger('Payments');

  @SubscribeMessage('pay')
  pay(@MessageBody() n: number): Promise<void> {
    return work(this.logger, n);
  }
}

function builder(platform: 'express' | 'fastify'): TracedAppBuilder {
  const sink = new LineSink();
  const logger = createLogger({
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: new transports.Stream({ stream: sink }),
  });
  return tracedApp(platform, sink).with({ logger, flightRecorder: { when: ['errored'] } });
}

const clients: ClientProxy[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

/** The access log lines, once there are that many. */
async function finished(sink: LineSink, message: string, count: number): Promise<Line[]> {
  await eventually(() => sink.linesOf(message).length >= count, `${count} × ${message}`);
  return sink.linesOf(message);
}

const failures = (ends: readonly Line[]): number =>
  ends.filter(({ outcome }) => outcome === 'errored').length;

/** Checks that those that failed have their two entries before their access log line. */
function expectRecorded({ lines }: LineSink, ends: readonly Line[]): void {
  for (const end of ends) {
    const before = lines.slice(lines.indexOf(end) - 2, lines.indexOf(end));
    const own = lines.filter((line) => line['recorded'] === true && line.span_id === end.span_id);
    if (end['outcome'] !== 'errored') {
      expect(own).toEqual([]);
      continue;
    }
    const { trace_id, request_id, session_id, span_id } = end;
    const ids = { trace_id, request_id, session_id, span_id, recorded: true, level: 'debug' };
    expect(before).toMatchObject([
      { message: 'begin', ...ids },
      { message: 'end', ...ids },
    ]);
    expect(own).toEqual(before);
    expect(own[0]!['n']).toBe(own[1]!['n']);
    expect(Number(own[0]!['n']) % 2).toBe(1);
  }
}

describe.each(PLATFORMS)('the flight recorder beside HTTP requests, on %s', (platform) => {
  it.each(['pay', 'paid'])('writes of TCP messages that fail: %s', async (pattern) => {
    let service: INestMicroservice | undefined;
    const { sink } = await builder(platform)
      .of({ controllers: [PaymentsController] })
      .prepared(async (app) => {
        service = app.connectMicroservice(
          { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
          { inheritAppConfig: true },
        );
        await app.startAllMicroservices();
      })
      .start();
    const { port } = service!.unwrap<{ address(): { port: number } }>().address();
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    clients.push(client);
    await client.connect();
    await Promise.allSettled(
      [0, 1, 2, 3].map((n) =>
        lastValueFrom(pattern === 'pay' ? client.send(pattern, n) : client.emit(pattern, n), {
          defaultValue: undefined,
        }),
      ),
    );
    const ends = await finished(sink, 'Message finished', 4);
    expect(new Set(ends.map((line) => line.trace_id)).size).toBe(4);
    expectRecorded(sink, ends);
    expect(failures(ends)).toBe(2);
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it.each(SOCKET_PLATFORMS)('writes of WebSocket messages that fail: %s', async (sockets) => {
    const { sink, url } = await builder(platform)
      .of({ providers: [PaymentsGateway] })
      .prepared((app) => useSocketAdapter(app, sockets))
      .start();
    const client = await connect(sockets, url, { 'x-session-id': 's-1' });
    for (const n of [0, 1, 2, 3]) client.send('pay', n);
    const ends = await finished(sink, 'Message finished', 4);
    expect(new Set(ends.map((line) => line.span_id)).size).toBe(4);
    expect(ends[0]!.session_id).toBe('s-1');
    expectRecorded(sink, ends);
    expect(failures(ends)).toBe(2);
    expect(heldByRecordings()).toEqual({ bytes: 0, recordings: 0 });
  });

  it('writes of scheduled runs that fail, and of those of `trace.run`', async () => {
    @Injectable()
    class Jobs {
      private readonly logger = new Logger('Jobs');
      private runs = 0;

      @Interval(15)
      async build(): Promise<void> {
        const n = this.runs++;
        if (n < 2) await work(this.logger, n);
      }

      @Timeout(5)
      begin(): Promise<void> {
        return work(this.logger, 3);
      }
    }
    const { app, sink } = await builder(platform)
      .of({ imports: [ScheduleModule.forRoot()], providers: [Jobs] })
      .start();
    await app.get(TraceContext).run({ name: 'import' }, () => work(new Logger('Import'), 2));
    const own = (): Line[] => {
      const lines = sink.linesOf('Run finished');
      const intervals = lines.filter(({ job }) => job === 'Jobs.build').slice(0, 2);
      return [...intervals, ...lines.filter(({ job }) => job !== 'Jobs.build')];
    };
    await eventually(() => own().length === 4, 'four runs');
    expectRecorded(sink, own());
    expect(failures(own())).toBe(2);
  });
});
