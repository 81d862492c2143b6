import { beforeAll, describe, expect, it } from '@jest/globals';
import { All, Controller } from '@nestjs/common';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS } from '../support/traced-app.js';
import { attackedApp, type AttackedApp } from './attacked-app.js';
import { INGRESS_ATTACKS, MARK, type ExpectedIds } from './ingress-attacks.js';
import { get, rawRequest, statusesOf } from './raw-request.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HEX_32 = /^[0-9a-f]{32}$/;

@Controller()
class TargetController {
  @All()
  answer(): string {
    return 'ok';
  }
}

/** Counts the requests that Node's parser lets through. */
function countRequests(attacked: AttackedApp): { requests: number } {
  const count = { requests: 0 };
  beforeAll(() => {
    attacked.server.prependListener('request', () => void (count.requests += 1));
  });
  return count;
}

describe.each(PLATFORMS)('ingress', (platform) => {
  const traced = attackedApp(platform, (app) => app.of({ controllers: [TargetController] }));
  const plain = attackedApp(
    platform,
    (app) => app.importing().of({ controllers: [TargetController] }),
    { isTraced: false },
  );
  const seen = countRequests(traced);
  const seenPlain = countRequests(plain);

  it.each(INGRESS_ATTACKS)(`on ${platform}: $name`, async ({ bytes, ids }) => {
    traced.sink.clear();
    seen.requests = seenPlain.requests = 0;
    const [answer, plainAnswer] = await Promise.all([
      rawRequest(traced.port, bytes),
      rawRequest(plain.port, bytes),
    ]);
    expect(statusesOf(answer)).toEqual(statusesOf(plainAnswer));
    expect(seen.requests).toBe(seenPlain.requests);
    // One more, which is answered and adopted as ever.
    expect(
      statusesOf(await rawRequest(traced.port, get('/', 'X-Request-ID: after'), 10_000)),
    ).toEqual([200]);
    await eventually(
      () => traced.sink.finished.some(({ request_id }) => request_id === 'after'),
      'the next request',
    );
    // The application has seen the one that came after them as well.
    await eventually(() => traced.sink.finished.length >= seen.requests, 'the access log lines');
    const lines = traced.sink.finished.filter(({ request_id }) => request_id !== 'after');
    expect(lines).toHaveLength(seenPlain.requests);

    const expected: readonly ExpectedIds[] = Array.isArray(ids) ? ids : [ids ?? {}];
    for (const [index, line] of lines.entries()) {
      const { request_id, session_id, trace_id } = expected[index] ?? {};
      expect(line).toMatchObject({
        request_id: request_id ?? expect.stringMatching(UUID),
        session_id: session_id ?? expect.stringMatching(UUID),
        trace_id: trace_id ?? request_id ?? expect.stringMatching(HEX_32),
      });
    }
    if (expected.some(({ session_id = '' }) => session_id.includes(MARK))) return;
    expect(traced.sink.raw.join('\n')).not.toContain(MARK);
    const heads = answer.split(/(?=HTTP\/1\.1 \d{3} )/).map((one) => one.split('\r\n\r\n')[0]);
    expect(heads.join('\n')).not.toContain(MARK);
  });

  it('leaves the prototype of objects alone', () => {
    expect(({} as Record<string, unknown>)[MARK]).toBeUndefined();
  });
});
