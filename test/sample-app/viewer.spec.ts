import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { figureRequests, send } from '../../sample-app/src/demo/requests.js';
import { StreamReader } from '../viewer/support.js';
import { SampleServices } from './sample-services.js';

const FRESH = { OTEL_BSP_SCHEDULE_DELAY: '300', OTEL_BLRP_SCHEDULE_DELAY: '300' };

describe('the trace viewer of the sample application', () => {
  let services: SampleServices;

  beforeAll(async () => {
    services = await SampleServices.start(['gateway', 'worker', 'ledger', 'feed'], FRESH);
  }, 30_000);

  afterAll(() => services.stop());

  it('shows Alice and Bob within a second, and what the other services did for them', async () => {
    const reader = await StreamReader.open(services.port('GATEWAY_PORT'));
    const alice = figureRequests[0]!;
    const bob = figureRequests[1]!;
    const sentAt = performance.now();
    const answers = Promise.all(
      figureRequests.map((request) => send(services.url('GATEWAY_PORT'), request)),
    );
    const both = [alice.requestId, bob.requestId];
    const begun = new Set<unknown>();
    // Records of other services may come between those of the gateway.
    for (let count = 1; !both.every((id) => begun.has(id)); count++) {
      const records = await reader.until('request', count);
      for (const { requestId } of records) begun.add(requestId);
    }
    expect(performance.now() - sentAt).toBeLessThan(1000);
    await answers;

    const lines = await reader.until('line', 20);
    expect(lines.filter(({ requestId }) => requestId === bob.requestId)).toEqual(
      expect.arrayContaining([expect.objectContaining({ sessionId: bob.sessionId })]),
    );
    // Ends of five requests, and of three messages, each sent when it is over.
    const requests = await reader.until('request', figureRequests.length * 2 + 3);
    const payment = requests.find(({ requestId }) => requestId === alice.requestId)!;
    const ofPayment = requests.filter(({ w3cTraceId }) => w3cTraceId === payment.w3cTraceId);
    expect([...new Set(ofPayment.map(({ service }) => service))].toSorted()).toEqual([
      'payments-feed',
      'payments-gateway',
      'payments-ledger',
      'payments-worker',
    ]);
    reader.close();
  });
});
