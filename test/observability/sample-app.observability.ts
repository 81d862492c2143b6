import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SampleServices } from '../sample-app/sample-services.js';
import { eventually, type Line } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { Prometheus } from './prometheus.js';
import { queriesOf } from './stack.js';

const JOB = 'payments-gateway';
const START_MS = 60_000;

const prometheus = new Prometheus();
let receiver: OtlpReceiver;
let services: SampleServices;
/** Of the request that fails, and so are the lines. */
let traceId: string;
let lines: Line[];

beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  services = await SampleServices.start(['gateway'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '20',
    OTEL_BLRP_SCHEDULE_DELAY: '20',
  });
  prometheus.scrapeOnly(`127.0.0.1:${services.port('GATEWAY_PORT')}`, JOB);
  await send('/api/status');
  await send('/api/messages');
  await prometheus.scraped(2);
  await send('/api/status');
  traceId = (await send('/api/messages')).headers.get('x-trace-id')!;
  lines = await services.linesAfter(1, traceId);
  await prometheus.scraped(2);
}, START_MS);
afterAll(async () => {
  await services?.stop();
  await receiver.stop();
});

const send = (path: string): Promise<Response> => fetch(services.url('GATEWAY_PORT') + path);

describe('a failed request of the sample application', () => {
  it('writes one line with the steps that led to the failure', async () => {
    const finishes = lines.filter(({ message }) => message === 'Request finished');
    const step = (name: string, failed?: true) =>
      expect.objectContaining({ name, duration_ms: expect.any(Number), ...(failed && { failed }) });
    expect(finishes).toEqual([
      expect.objectContaining({ route: '/api/messages', status_code: 500, outcome: 'errored' }),
    ]);
    expect(finishes[0]!['steps']).toEqual([
      step('UserMiddleware.use'),
      step('MessagesController.list', true),
      step('MessagesService.unread', true),
      step('MessagesRepository.openMailbox'),
      step('SELECT mailbox'),
      step('MessagesRepository.fetchUnread', true),
      step('Archive.lockMessages'),
      step('BEGIN'),
      step('SELECT message'),
      step('UPDATE message', true),
      step('ROLLBACK'),
    ]);
    expect((finishes[0]!['steps'] as object[])[3]).not.toHaveProperty('failed');
  });

  it('is the trace with the id of its line', async () => {
    const spans = () => receiver.spans.filter((span) => span.traceId === traceId);
    await eventually(() => spans().length >= 10, 'the trace');
    const failed = spans().filter(({ status }) => status.code === 2);
    expect(failed.map(({ name }) => name).toSorted()).toEqual([
      'GET /api/messages',
      'MessagesController.list',
      'MessagesRepository.fetchUnread',
      'MessagesService.unread',
      'UPDATE message',
    ]);
  });

  it('is the line of the collector, with the labels that Loki takes', async () => {
    const isLine = (log: { traceId: string; body: string }) =>
      log.traceId === traceId && log.body === 'Request finished';
    await eventually(() => receiver.logs.some(isLine), 'the line');
    expect(receiver.logs.find(isLine)).toMatchObject({
      severityText: 'ERROR',
      resource: { 'service.name': JOB, 'deployment.environment.name': 'test' },
      attributes: { handler: 'MessagesController.list', duration_ms: expect.any(Number) },
    });
  });

  it('is the exemplar on the dashboard', async () => {
    const [durations] = queriesOf('Duration by route, 95th percentile', JOB);
    expect(await prometheus.exemplars(durations!)).toContain(traceId);
  });

  it.each([
    'Requests a second',
    'Share of requests that fail',
    'In flight',
    'Duration by route, 95th percentile',
    'Duration by route, median',
    'Queue of the exporter',
  ])('is counted in "%s"', async (panel) => {
    const [expr] = queriesOf(panel, JOB);
    const values = (await prometheus.query(expr!)).map(({ value }) => value);
    expect(values.filter(Number.isFinite)).not.toEqual([]);
  });
});
