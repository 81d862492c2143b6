import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SampleServices } from '../../sample-app/sample-services.js';
import { run } from '../cli.js';

// An agent that has only the commands: it knows which request somebody has complained about, and finds
// the step in which it went wrong by the same few looks at what they print for each fault.

/** A busy machine is slow, not broken. */
const START_MS = 120_000;

interface Step {
  readonly name: string;
  readonly error?: string;
  readonly count?: number;
  readonly duration_ms?: number;
}

interface Shown {
  readonly request: { readonly title: string; readonly duration_ms: number };
  readonly failing_steps: readonly Step[];
  readonly repeated_steps: readonly Step[];
  readonly critical_path: readonly Step[];
  readonly trace: { readonly other_requests: readonly { readonly outcome?: string }[] };
}

interface Finding {
  /** The request that was found. */
  readonly title: string;
  readonly why: 'failed' | 'repeated' | 'slow';
  readonly step: Step;
}

let services: SampleServices;

beforeAll(async () => {
  services = await SampleServices.start(['gateway', 'feed'], {
    OTEL_BSP_SCHEDULE_DELAY: '300',
    OTEL_BLRP_SCHEDULE_DELAY: '300',
  });
}, START_MS);

afterAll(() => services.stop());

/** What a command prints as JSON. */
async function ask<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await run([
    ...args,
    '--json',
    '--url',
    `${services.url('GATEWAY_PORT')}/_traces`,
  ]);
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { data: T }).data;
}

/** The requests that a search finds, the latest first. */
async function found(search: string): Promise<object[]> {
  const { requests } = await ask<{ requests: object[] }>(
    ...['requests', '--search', search, '--limit', '50'],
  );
  return requests;
}

/** The step in which the latest request of a path went wrong. */
async function diagnose(path: string): Promise<Finding> {
  const { requests } = await ask<{ requests: { id: string; title: string }[] }>(
    ...['requests', '--since', '5m', '--search', `title:"GET ${path}"`],
  );
  const shown = await ask<Shown>('show', requests[0]!.id);
  const { title } = shown.request;
  const [failed] = shown.failing_steps;
  if (failed !== undefined) return { title, why: 'failed', step: failed };
  const [repeated] = shown.repeated_steps;
  if (repeated !== undefined) return { title, why: 'repeated', step: repeated };
  return { title, why: 'slow', step: shown.critical_path.at(-1)! };
}

async function provoke(fault: string): Promise<string> {
  const path = `/api/faults/${fault}`;
  await (await fetch(services.url('GATEWAY_PORT') + path)).text();
  return path;
}

describe('an agent with nothing but the commands finds', () => {
  it('the call that timed out', async () => {
    const { title, why, step } = await diagnose(await provoke('timeout'));
    expect({ title, why }).toEqual({ title: 'GET /api/faults/timeout', why: 'failed' });
    expect(step.name).toMatch(/^GET .*\/timeout\/rates\/USD$/);
  });

  it('the query that runs for each row', async () => {
    const { why, step } = await diagnose(await provoke('n-plus-one'));
    expect(why).toBe('repeated');
    expect(step.name).toBe('SELECT payment');
    // The accounts have others of the same name.
    expect(step.count).toBeGreaterThanOrEqual(60);
  });

  it('the guard that refuses a header', async () => {
    const before = await found('status:406');
    const { why, step } = await diagnose(await provoke('wrong-header'));
    expect(why).toBe('failed');
    expect(JSON.stringify(step)).toMatch(/labels\/17|ApiVersionGuard/);
    const [request, ...others] = await found('status:406');
    expect(request).toMatchObject({
      title: expect.stringMatching(/^GET .*\/labels\/17$/),
      error: expect.stringContaining('X-Api-Version must be 2 and is 1'),
    });
    expect(others).toEqual(before);
  });

  it('the message whose handler failed in another service', async () => {
    const path = await provoke('lost-message');
    await ask('wait', '--since', '1m', '--search', 'title:payment.refunded outcome:errored');
    const { why, step } = await diagnose(path);
    expect(why).toBe('failed');
    expect(step).toMatchObject({
      name: expect.stringContaining('RefundAnnouncer.announce'),
      error: expect.stringContaining('A refund without a user cannot be announced'),
    });
  });

  it('the guard that takes the time', async () => {
    const { why, step } = await diagnose(await provoke('slow-guard'));
    expect(why).toBe('slow');
    expect(step.name).toContain('TenantGuard.canActivate');
    expect(step.duration_ms).toBeGreaterThan(1000);
  });

  it('the two services that call each other', async () => {
    const before = await found('title:cyclic-retry');
    const { why, step } = await diagnose(await provoke('cyclic-retry'));
    expect(why).toBe('failed');
    expect(step.error).toContain('Not reserved after 4 attempts');
    expect(await found('title:cyclic-retry')).toHaveLength(before.length + 9);
  });
});
