import { describe, expect, it } from '@jest/globals';
import { untangle } from './cli.js';
import { ALICE, BOB, FIGURE, finish, line, NOBODY } from './figure.js';

/** The groups of an output, which are separated by empty lines. */
function groupsOf(text: string): string[] {
  return text.split('\n\n').filter((group) => group !== '');
}

describe('untangle', () => {
  it('shows the figure request by request, in the order in which they ended', async () => {
    const { stdout, stderr, code } = await untangle(FIGURE);
    expect(stdout).toBe(`\
2026-01-15 10:30:15.000 INFO  [NestApplication] Listening
● GET /api/profile 200 completed 26ms  2026-01-15 10:30:15.019
│ request=req-002 session=def67890 trace=4bf92f3577b34da6a3ce929d0e0e4736 service=payments handler=ProfileController.get
│     +1ms INFO  Loading profile
│    +21ms INFO  Profile retrieved

● POST /api/payment 201 completed 722.25ms  2026-01-15 10:30:15.007
│ request=req-001 session=abc12345 trace=0af7651916cd43dd8448eb211c80319c service=payments handler=PaymentController.pay
│     +2ms INFO  [PaymentService] Processing payment for user Alice
│    +22ms INFO  Validating payment amount=42 card="ends in 4242"
│   +692ms WARN  Gateway slow
│   +712ms INFO  Payment complete

● GET /api/status 200 completed 31ms  2026-01-15 10:30:15.709
│ request=req-003 session=abc12345 trace=0af7651916cd43dd8448eb211c80319c service=payments handler=AppController.get
│     +1ms INFO  Status check

`);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('draws the steps of a request that failed', async () => {
    const steps = [
      { name: 'Messages.list', start_ms: 0, duration_ms: 16, failed: true },
      {
        name: 'Repository.find',
        start_ms: 4,
        duration_ms: 8,
        depth: 1,
        failed: true,
        status: 503,
        error: 'Error: \u001b[31mno',
      },
      { name: 'cache.get', start_ms: 4, duration_ms: 1.5, depth: 2, count: 21 },
      { name: 'Audit.write', start_ms: 16 },
    ];
    const error = { level: 'error', status_code: 500, outcome: 'errored', duration_ms: 16, steps };
    const { stdout } = await untangle([finish(20, ALICE, error)]);
    expect(stdout.split('\n').slice(2, 6)).toEqual([
      '│          Messages.list      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 16ms failed',
      '│            Repository.find          ━━━━━━━━━━━━━━━━         8ms failed with 503: Error: \\u001b[31mno',
      '│              cache.get              ━━━                      1.5ms in 21 calls',
      '│          Audit.write                                       ━ did not end',
    ]);
  });

  it('draws steps on the time of their request, however long the sum of overlapping ones is', async () => {
    const steps = [
      { name: 'load', start_ms: 0, duration_ms: 16 },
      { name: 'query', start_ms: 8, duration_ms: 400, depth: 1, count: 50 },
    ];
    const slow = { level: 'error', status_code: 500, outcome: 'errored', duration_ms: 16, steps };
    const { stdout } = await untangle([finish(20, ALICE, slow)]);
    expect(stdout.split('\n').slice(2, 4)).toEqual([
      '│          load     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 16ms',
      '│            query                  ━━━━━━━━━━━━━━━━ 400ms in 50 calls',
    ]);
  });

  it('shows an error with its stack and what caused it below its line', async () => {
    const cause = { name: 'Error', message: 'down', stack: 'Error: down\n    at db.js:2' };
    const error = { name: 'Error', message: 'no', stack: 'Error: no\n    at app.js:1', cause };
    const { stdout } = await untangle([
      line(1, ALICE, 'Failed', { level: 'error', error: { ...error, code: 'E42' } }),
      line(2, ALICE, 'Failed too', { level: 'error', error: 'a text' }),
      line(3, NOBODY, 'Outside', { level: 'error', error }),
      finish(5, ALICE, { error }),
    ]);
    expect(stdout).toContain(`\
│     +6ms ERROR Failed error.code=E42
│          Error: no
│              at app.js:1
│          caused by:
│          Error: down
│              at db.js:2
│     +7ms ERROR Failed too error="a text"
│    +10ms INFO  Request finished
│          Error: no
`);
    expect(stdout).toContain('ERROR Outside\n    Error: no\n        at app.js:1\n    caused by:\n');
  });

  it('names what caused an error that has no stack', async () => {
    const cause = { name: 'TokenExpiredError', message: 'jwt expired', cause: { message: 'late' } };
    const error = { name: 'UnauthorizedException', message: 'Unauthorized', cause };
    const { stdout } = await untangle([finish(5, ALICE, { error })]);
    expect(stdout).toContain(`\
│          UnauthorizedException: Unauthorized
│          caused by:
│          TokenExpiredError: jwt expired
│          caused by:
│          late
`);
  });

  it('shows everything that a line contains', async () => {
    const { stdout } = await untangle([
      line(1, ALICE, 'Paid', {
        ...{ amount: 0, ok: false, nothing: null, list: [1, { a: 2 }], method: 'card', status: 3 },
        ...{
          pid: 7,
          hostname: 'h',
          v: 1,
          flags: 'f',
          name: 'n',
          event: 'e',
          msg: 'm',
          error: true,
        },
        ...{ resource: 'orders', attributes: 'none', http: { method: 'PUT', url: '/away' } },
        ...{ path: '/a', status_code: 3, duration_ms: 9, outcome: 'won', _request_id: 'mine' },
      }),
      finish(2, ALICE, { tenant: 'acme' }),
    ]);
    for (const field of [
      ...['amount=0', 'ok=false', 'nothing=null', 'list=[1,{"a":2}]', 'method=card', 'status=3'],
      ...['flags=f', 'event=e', 'msg=m', 'error=true'],
      ...['resource=orders', 'attributes=none', 'http.method=PUT', 'http.url=/away'],
      ...['path=/a', 'status_code=3', 'duration_ms=9', 'outcome=won', '_request_id=mine'],
    ]) {
      expect(stdout).toMatch(new RegExp(`Paid.* ${field.replace(/[[{]/g, '\\$&')}`));
    }
    expect(stdout).toContain('INFO  Request finished tenant=acme\n');
  });

  it('cuts a field that is too long to read', async () => {
    const { stdout } = await untangle([line(1, NOBODY, 'Big', { text: 'x'.repeat(1000) })]);
    expect(stdout).toMatch(/Big text=x{190,200}…\n/);
  });

  it('shows what has no end by its end', async () => {
    const { stdout } = await untangle([
      line(1, ALICE, 'One'),
      line(2, BOB, 'Two'),
      line(3, ALICE, 'Three'),
    ]);
    expect(groupsOf(stdout)).toEqual([
      expect.stringMatching(
        /^● request \(no end yet\)  2026-01-15 10:30:15\.001\n.*\n.*One\n.*Three$/,
      ),
      expect.stringMatching(/^● request \(no end yet\)  2026-01-15 10:30:15\.002\n.*\n.*Two$/),
    ]);
  });

  it('shows what comes behind the end as continued, in its place', async () => {
    const { stdout } = await untangle([
      finish(1, ALICE),
      line(2, ALICE, 'Late'),
      line(3, NOBODY, 'Outside'),
      line(4, ALICE, 'Later'),
      finish(5, BOB),
    ]);
    const [ended, between, continued] = groupsOf(stdout);
    expect(ended).toMatch(/^● GET \/ 200 completed 10ms {2}/);
    expect(between).toMatch(/Outside\n● GET \/.*\n.*req-002/);
    expect(continued).toMatch(
      /^● request \(continued\)  2026-01-15 10:30:15\.002\n.*\n.*Late\n.*Later$/,
    );
  });

  it('shows jobs, messages and runs with their own fields', async () => {
    const { stdout } = await untangle([
      line(9, ALICE, 'Job finished', {
        ...{ transport: 'bullmq', queue: 'mails', job: 'send', attempt: 2 },
        ...{ duration_ms: 7.5, outcome: 'errored' },
      }),
    ]);
    expect(stdout).toMatch(/^● bullmq mails send errored 7\.5ms {2}.*\n.* attempt=2\n\n$/);
  });
});

describe('requests with the same ids', () => {
  const first = { ...ALICE, span_id: '1111111111111111' };
  const second = { ...ALICE, span_id: '2222222222222222' };

  it('stay two while both run', async () => {
    const { stdout } = await untangle([
      line(1, first, 'first a'),
      line(2, second, 'second a'),
      line(3, first, 'first b'),
      finish(4, first, { path: '/first' }),
      line(5, second, 'second b'),
      finish(6, second, { path: '/second' }),
    ]);
    const groups = groupsOf(stdout);
    expect(groups).toHaveLength(2);
    expect(groups.find((group) => group.includes('/first'))).toMatch(
      /^.*\n.*\n.*first a\n.*first b$/,
    );
    expect(groups.find((group) => group.includes('/second'))).toMatch(
      /^.*\n.*\n.*second a\n.*second b$/,
    );
    expect(stdout).not.toContain('continued');
  });

  it('stay two one after the other', async () => {
    const { stdout } = await untangle([
      line(1, first, 'first'),
      finish(2, first),
      line(3, second, 'second'),
      finish(4, second),
    ]);
    expect(groupsOf(stdout)).toEqual([
      expect.stringMatching(/^● GET \/ 200.*\n.*\n.*first$/),
      expect.stringMatching(/^● GET \/ 200 completed 10ms {2}.*\n.*\n.*second$/),
    ]);
  });

  it('keep the lines of their inner spans', async () => {
    const inner = { ...ALICE, span_id: '3333333333333333' };
    const { stdout } = await untangle([
      line(1, first, 'outside'),
      line(2, inner, 'inside'),
      finish(3, first),
      line(4, NOBODY, 'elsewhere'),
    ]);
    expect(groupsOf(stdout).at(-1)).toMatch(/elsewhere\n● GET.*\n.*\n.*outside\n.*inside$/);
  });

  it('of two services are one each', async () => {
    const { stdout } = await untangle([
      line(1, ALICE, 'gateway', { service: 'gateway' }),
      line(2, ALICE, 'worker', { service: 'worker' }),
      finish(3, ALICE, { service: 'worker' }),
      finish(4, ALICE, { service: 'gateway' }),
    ]);
    expect(groupsOf(stdout)).toEqual([
      expect.stringMatching(/service=worker.*\n.*worker$/),
      expect.stringMatching(/service=gateway.*\n.*gateway$/),
    ]);
  });
});

describe('lines that are not JSON', () => {
  it('pass through as text', async () => {
    const given =
      'plain\r\n\n{"half": \n[1]\n{"no":"entry"}\n"text"\n  indented\ttab\n\u001b[31mred\n';
    const bytes = Buffer.concat([
      Buffer.from(given),
      Buffer.from([0xff, 0xfe, 0x80, 0x0a]),
      Buffer.from('the end'),
    ]);
    const ended = await untangle('', [], { stdin: bytes });
    const shown = given.replace('\r', '').replace('\u001b[31m', '');
    expect(ended.stdout).toBe(`${shown}\ufffd\ufffd\ufffd\nthe end`);
    expect(ended.stderr).toMatch(/^nestjs-tracing: none of 10 lines could be read\. .+\n$/);
    expect(ended.code).toBe(0);
  });

  it('end when something else begins', async () => {
    const { stdout } = await untangle(`${JSON.stringify(line(1, ALICE, 'One'))}\nno newline`);
    expect(stdout).toMatch(/^no newline\n● request/);
  });
});
