import { describe, expect, it } from '@jest/globals';
import { fileOf, logOf, run, untangle } from './cli.js';
import { ALICE, BOB, FIGURE, finish, line, NOBODY, STATUS } from './figure.js';
import { onTerminal } from './terminal.js';

const ESC = '\u001b';
const log = fileOf('figure.log', logOf(FIGURE));
const onLinux = process.platform === 'linux' ? describe : describe.skip;

describe('colours', () => {
  it.each<[boolean, string[], NodeJS.ProcessEnv]>([
    [false, [], {}],
    [true, ['--color'], {}],
    [true, ['--color'], { NO_COLOR: '1' }],
    [false, ['--no-color'], { FORCE_COLOR: '1' }],
    [true, [], { FORCE_COLOR: '1' }],
    [false, [], { FORCE_COLOR: '0' }],
    [false, [], { FORCE_COLOR: '1', NO_COLOR: '1' }],
    [true, [], { FORCE_COLOR: '1', NO_COLOR: '' }],
  ])('%s with %j and %j, in a pipe', async (expected, args, env) => {
    // Node 24 itself warns where both variables are set.
    const quiet = { ...env, NODE_NO_WARNINGS: '1' };
    const { stdout, stderr } = await run(['untangle', log, ...args], { env: quiet });
    expect(stdout.includes(ESC)).toBe(expected);
    expect(stderr).toBe('');
  });

  it('do not change the text', async () => {
    const { stdout } = await run(['untangle', log, '--color']);
    const text = stdout.replace(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), '');
    expect(text).toBe((await run(['untangle', log])).stdout);
  });

  it('are those of the session', async () => {
    const { stdout } = await untangle(FIGURE, ['--color']);
    const colorOf = (id: string): string => {
      const rows = stdout.split('\n');
      const header = rows[rows.findIndex((row) => row.includes(`request=${id} `)) - 1]!;
      return new RegExp(`^${ESC}\\[(\\S+)m●`).exec(header)![1]!;
    };
    expect(colorOf(ALICE.request_id)).toBe(colorOf(STATUS.request_id));
    expect(colorOf(ALICE.request_id)).not.toBe(colorOf(BOB.request_id));
  });
});

// Every class of character that ends a line, drives a terminal or shows text in another order.
const HOSTILE = `\n\r${ESC}[2J${ESC}]0;title\u0007\u009b31m\u0000\u007f\u2028\u2029\u202e\u2066`;
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/; // oxlint-disable-line no-control-regex

describe('what a log says', () => {
  it('cannot control a terminal or forge a line, in any field', async () => {
    const ids = { ...ALICE, request_id: HOSTILE, session_id: HOSTILE, trace_id: HOSTILE };
    const hostile = {
      ...{ context: HOSTILE, service: HOSTILE, level: HOSTILE, [HOSTILE]: HOSTILE },
      ...{ object: { [HOSTILE]: [HOSTILE] }, error: { message: HOSTILE, stack: HOSTILE } },
    };
    const steps = [{ name: HOSTILE, start_ms: 0, duration_ms: 1 }];
    const lines = [
      line(1, NOBODY, HOSTILE, hostile),
      line(2, ids, HOSTILE, hostile),
      finish(3, ids, { ...hostile, method: HOSTILE, path: HOSTILE, handler: HOSTILE, steps }),
    ];
    const { stdout } = await untangle(lines);
    expect(stdout).not.toMatch(CONTROLS);
    expect(stdout).toContain('\\u001b[2J\\u001b]0;title\\u0007\\u009b31m');
    // A line of a stack is a row of its own, and none of them begins like an entry.
    const rows = stdout.split('\n').filter((row) => row !== '');
    expect(rows.every((row) => /^(?:2026-|●|│| {4})/.test(row))).toBe(true);
    expect(rows.filter((row) => row.startsWith('●'))).toHaveLength(1);
  });

  it('is not what a field of an object’s prototype says', async () => {
    const text = '{"level":30,"time":1,"msg":"x","__proto__":{"reqId":"1"},"constructor":2}\n';
    expect((await untangle(text)).stdout).toMatch(
      /INFO  x __proto__=\{"reqId":"1"\} constructor=2\n$/,
    );
  });
});

onLinux('on a terminal', () => {
  it('there are colours, unless the environment says no', async () => {
    expect(await onTerminal(`$UNTANGLE ${log}`)).toContain(`${ESC}[`);
    expect(await onTerminal(`$UNTANGLE ${log}`, { NO_COLOR: '1' })).not.toContain(ESC);
    expect(await onTerminal(`$UNTANGLE ${log}`, { TERM: 'dumb' })).not.toContain(ESC);
    expect(await onTerminal(`$UNTANGLE --no-color ${log}`)).not.toContain(ESC);
  });

  it('lines that are not JSON keep their colours and nothing else', async () => {
    const file = fileOf(
      'hostile.txt',
      `${ESC}[1;31mred${ESC}[2J${ESC}]0;t\u0007\ta\u202eb\nplain\n`,
    );
    expect(await onTerminal(`$UNTANGLE ${file}`)).toBe(
      `${ESC}[1;31mred\\u001b[2J\\u001b]0;t\\u0007\ta\\u202eb${ESC}[0m\nplain\n`,
    );
    const notText = fileOf('bytes.txt', Buffer.from([0xff, 0x1b, 0x5b, 0x32, 0x4a, 0x0a]));
    expect(await onTerminal(`$UNTANGLE ${notText}`)).toBe('\ufffd\\u001b[2J\n');
  });

  it('a long file says how far it is, and a short one does not', async () => {
    const quiet = '--request nobody --slower-than 1';
    expect(await onTerminal(`$UNTANGLE ${quiet} ${log}`)).toBe('');
    const slowly = `(cat ${log}; sleep 5; cat ${log}) | $UNTANGLE ${quiet} -`;
    const screen = await onTerminal(slowly);
    expect(screen).toMatch(new RegExp(`^\\r${ESC}\\[K\\d+ MB read`));
    // It is removed when the program has ended.
    expect(screen.endsWith(`\r${ESC}[K`)).toBe(true);
  });

  it('progress goes to the terminal alone', async () => {
    const slowly = `(cat ${log}; sleep 3; cat ${log}) | $UNTANGLE - 2>&1 | cat`;
    const screen = await onTerminal(slowly);
    expect(screen).toContain('Gateway slow');
    expect(screen).not.toContain('MB read');
  });
});
