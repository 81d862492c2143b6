import { Controller, Get, Injectable, type INestApplication } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from '../../src/context/unit-of-work.js';
import { TraceContext, TracingLogger } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { OtlpModule } from '../../src/otlp/index.js';
import { LineSink } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { tracedApp } from '../support/traced-app.js';

/** What it is called in traces and lines, and as a job of Prometheus. */
export const SERVICE = 'messages';
/** How long the slow route takes, in milliseconds. */
export const SLOW_MS = 120;

@Injectable()
class MessagesRepository {
  async fetchUnread(): Promise<string[]> {
    await sleep(3);
    throw new Error('Database timeout while fetching user messages');
  }
}

@Injectable()
class MessagesService {
  constructor(private readonly messages: MessagesRepository) {}

  async unread(): Promise<string[]> {
    await sleep(2);
    return this.messages.fetchUnread();
  }
}

@Controller('messages')
class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  list(): Promise<string[]> {
    return this.messages.unread();
  }
}

@Controller()
class StatusController {
  @Get('quick')
  quick(): string {
    return 'quick';
  }

  @Get('slow')
  async slow(): Promise<string> {
    await sleep(SLOW_MS);
    return 'slow';
  }
}

/** An application that measures, exports and logs, with the collector that it sends to. */
export class MessagesApp {
  private constructor(
    private readonly app: INestApplication,
    readonly sink: LineSink,
    readonly receiver: OtlpReceiver,
  ) {}

  static async start(): Promise<MessagesApp> {
    const receiver = await OtlpReceiver.start();
    const sink = new LineSink();
    try {
      return new MessagesApp(await startApp(sink, receiver.url), sink, receiver);
    } catch (error) {
      await receiver.stop();
      throw error;
    }
  }

  get address(): string {
    return `127.0.0.1:${(this.app.getHttpServer().address() as { port: number }).port}`;
  }

  send(path: string): Promise<Response> {
    return fetch(`http://${this.address}${path}`);
  }

  async scrape(): Promise<string> {
    const response = await fetch(`http://${this.address}/metrics`, {
      headers: { accept: 'text/plain' },
    });
    return response.text();
  }

  /** What is no HTTP request: a message that fails, one that does not, and a run. */
  async work(): Promise<void> {
    const message = (pattern: string) =>
      ({ kind: 'message', transport: 'tcp', fields: { pattern } }) as const;
    const run = this.app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
    run(message('payment.done'), () => {});
    await run(message('payment.charge'), () => Promise.reject(new Error('refused'))).catch(
      () => {},
    );
    this.app.get(TraceContext).run({ name: 'nightly report' }, () => {});
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.receiver.stop();
  }
}

async function startApp(sink: LineSink, collectorUrl: string): Promise<INestApplication> {
  const app = await tracedApp('express', sink)
    .with({ spans: { auto: true } })
    .of({
      imports: [
        TracingMetricsModule.forRoot({ registry: new Registry() }),
        OtlpModule.forRoot({ url: collectorUrl, resource: { 'service.name': SERVICE } }),
      ],
      controllers: [MessagesController, StatusController],
      providers: [MessagesService, MessagesRepository],
    })
    // Not started by the builder, which stops its applications after each test.
    .create();
  app.useLogger(app.get(TracingLogger));
  app.setGlobalPrefix('api');
  await app.listen(0, '127.0.0.1');
  return app;
}
