import 'reflect-metadata';
import '../support/print-spans.js';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { trace, type Context } from '@opentelemetry/api';
import type { ReadableSpan, Span as SdkSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { TracingSpanProcessor } from '../../src/index.js';

// An application with an OpenTelemetry SDK. Which instrumentations it has, its environment says.

/** Prints what the SDK would export. */
class PrintingProcessor implements SpanProcessor {
  onStart(_span: SdkSpan, _context: Context): void {}

  onEnd(span: ReadableSpan): void {
    const { spanId, traceId } = span.spanContext();
    console.error(
      JSON.stringify({
        level: 'debug',
        message: 'SDK span',
        name: span.name,
        kind: span.kind,
        trace_id: traceId,
        span_id: spanId,
        parent_span_id: span.parentSpanContext?.spanId,
        status: span.status.code,
        events: span.events.map(({ name }) => name),
        scope: span.instrumentationScope.name,
        ...span.attributes,
      }),
    );
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const provider = new NodeTracerProvider({
  spanProcessors: [new PrintingProcessor(), new TracingSpanProcessor()],
});
provider.register();
const { INSTRUMENTATIONS = '' } = process.env;
registerInstrumentations({
  instrumentations: [
    ...(INSTRUMENTATIONS.includes('http') ? [new HttpInstrumentation()] : []),
    ...(INSTRUMENTATIONS.includes('undici') ? [new UndiciInstrumentation()] : []),
  ],
});

const { Controller, Get, Logger, Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { Span, TraceContext, TracingLogger, TracingModule } = await import('../../src/index.js');

class MessagesRepository {
  @Span()
  async find(): Promise<unknown> {
    // What an instrumentation of a database does.
    const query = trace.getTracer('a-database').startSpan('SELECT messages');
    await new Promise((resolve) => setTimeout(resolve, 3));
    query.setStatus({ code: 2 }).end();
    throw new Error('Database timeout');
  }
}

@Controller()
class MessagesController {
  private readonly logger = new Logger('Messages');
  private readonly repository = new MessagesRepository();

  @Get('messages')
  async list(): Promise<unknown> {
    this.logger.log('Listing messages');
    return this.repository.find();
  }

  @Get('calls')
  async calls(): Promise<unknown> {
    const response = await fetch(`${process.env['PEER']}/headers?secret=1`);
    return response.json();
  }

  @Get('http2-calls')
  async http2Calls(): Promise<unknown> {
    const session = connect(String(process.env['HTTP2_PEER']));
    const stream = session.request({ ':path': '/headers?secret=1' });
    const body = await text(stream);
    session.close();
    return JSON.parse(body) as unknown;
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }
}

@Module({ imports: [TracingModule.forRoot({ format: 'json' })], controllers: [MessagesController] })
class MessagesModule {}

const app = await NestFactory.create(MessagesModule, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
await app.listen(0, '127.0.0.1');
process.on('message', (name) => {
  void app.get(TraceContext).run({ name: String(name) }, async () => {
    await new MessagesRepository().find().catch(() => {});
  });
});
process.send?.({ url: await app.getUrl() });
