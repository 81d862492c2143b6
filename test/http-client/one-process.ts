import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { channel } from 'node:diagnostics_channel';
import http, { createServer, get, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TraceContext, TracingModule, type TracingModuleOptions } from '../../src/index.js';

// The only argument is the name of what to run; the answer is a line of JSON.

const require = createRequire(import.meta.url);
const CHANNELS = ['undici:request:create', 'http.client.request.created'];
const untouched = [http.request, http.get, https.request, https.get];

/** Whether anything of Node is changed or listened to. */
const isTouched = (): boolean =>
  CHANNELS.some((name) => channel(name).hasSubscribers) ||
  [http.request, http.get, https.request, https.get].some((fn, i) => fn !== untouched[i]);

const say = (answer: object): void => console.log(JSON.stringify(answer));

async function start(options?: TracingModuleOptions) {
  @Module({ imports: [TracingModule.forRoot({ level: 'error', ...options })] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  return { app, trace: app.get(TraceContext) };
}

async function startServer() {
  const received: string[][] = [];
  const server = createServer((request, response) => {
    received.push(request.rawHeaders.map((item) => item.toLowerCase()));
    response.end('x'.repeat(200_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, received, url: `http://127.0.0.1:${port}/` };
}

const answerOf = (call: (done: (response: IncomingMessage) => void) => http.ClientRequest) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    call(resolve).once('error', reject);
  });

async function startOpenTelemetry(): Promise<void> {
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  new NodeTracerProvider().register();
  registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
  // The instrumentation waits for the module to be loaded in this way.
  require('node:http');
}

const TASKS: Record<string, () => Promise<void>> = {
  async 'what is touched'() {
    const answer: Record<string, unknown> = { imported: isTouched() };
    await start({ outgoing: false });
    answer['off'] = isTouched();
    await start();
    answer['on'] = isTouched();
    say({ ...answer, names: [http.request.name, http.get.name] });
  },

  async 'calls, and the end'() {
    const { server, received, url } = await startServer();
    server.unref();
    server.on('connection', (socket) => socket.unref());
    const { trace } = await start();
    const required = require('http') as typeof http;
    await trace.run({}, async () => {
      await (await fetch(url)).text();
      await text(await answerOf((done) => get(url, done)));
      await text(await answerOf((done) => required.get(url, done)));
    });
    say({ parents: received.map((raw) => raw.filter((item) => item === 'traceparent').length) });
  },

  async 'an error without a listener'() {
    const { trace } = await start();
    trace.run({}, () => http.get({ socketPath: '/no/socket' }));
  },
  async 'the same untraced'() {
    http.get({ socketPath: '/no/socket' });
  },

  async 'OpenTelemetry before'() {
    await startOpenTelemetry();
    const { trace } = await start();
    await callUnderOpenTelemetry(trace);
  },
  async 'OpenTelemetry behind'() {
    const { trace } = await start();
    await startOpenTelemetry();
    await callUnderOpenTelemetry(trace);
  },
};

async function callUnderOpenTelemetry(trace: TraceContext): Promise<void> {
  const { server, received, url } = await startServer();
  const spans: string[] = [];
  channel('nestjs-tracing:span:finish').subscribe((message) => {
    spans.push((message as { span: { spanId: string } }).span.spanId);
  });
  await trace.run({}, async () => {
    await text(await answerOf((done) => http.get(url, done)));
    await text(await answerOf((done) => http.request(url, done).end()));
  });
  server.close();
  const parents = received.map((raw) => raw.filter((_, i) => raw[i - 1] === 'traceparent'));
  const isOurs = parents.map(([parent]) => spans.includes(String(parent).split('-')[2]!));
  say({ count: parents.map((all) => all.length), isOurs, spans: spans.length });
}

await TASKS[process.argv[2]!]!();
