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

  const DRIVING: readonly [string, string | Buffer, string][] = [
    [
      'a title and a cleared screen',
      `a${ESC}]0;t\u0007${ESC}[2Jb`,
      'a\\u001b]0;t\\u0007\\u001b[2Jb',
    ],
    ['colours, and text that they hide', `a${ESC}[31mb${ESC}[8mc${ESC}[0m\u009b31md`, 'abcd'],
    ['a style inside a sequence', `a${ESC}${ESC}[1m[2Jb`, 'a\\u001b[2Jb'],
    ['a link', `${ESC}]8;;file:///etc${ESC}\\x`, '\\u001b]8;;file:///etc\\u001b\\x'],
    ['8-bit controls', '\u009b2J\u0090\u009d', '\\u009b2J\\u0090\\u009d'],
    ['bytes that are 8-bit controls', Buffer.from([0x61, 0x9b, 0x32, 0x4a]), 'a\ufffd2J'],
    ['a carriage return over the line', 'bad\rgood', 'bad\\rgood'],
    ['backspaces, bell, delete', 'a\b\u0007\u007fb', 'a\\u0008\\u0007\\u007fb'],
    ['another direction', 'a\u202eb\u2066c\u061cd', 'a\\u202eb\\u2066c\\u061cd'],
    ['other ends of lines', 'a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\u0085d'],
    ['a tab and words of all scripts', 'a\tGrüße 世界 🎉', 'a\tGrüße 世界 🎉'],
    ['JSON that is no entry', `{"a":"${ESC}[2J"}`, '{"a":"\\u001b[2J"}'],
  ];

  it.each(DRIVING)(
    'has no effect in a pipe, as text that is no entry: %s',
    async (_name, given, shown) => {
      const stdin = Buffer.concat([Buffer.from(given), Buffer.from('\n')]);
      for (const args of [[], ['--color']]) {
        const { stdout } = await untangle('', args, { stdin });
        expect(stdout).toBe(`${shown}\n`);
      }
    },
  );

  it('has no effect in a line that is too long to be parsed', async () => {
    const long = 'ü'.repeat(700_000);
    const { stdout } = await untangle(`${ESC}[2J${long}${ESC}[2J\n`);
    expect(stdout).toBe(`\\u001b[2J${long}\\u001b[2J\n`);
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

  it('lines that are not JSON are text without colours', async () => {
    const file = fileOf(
      'hostile.txt',
      `${ESC}[1;31mred${ESC}[2J${ESC}]0;t\u0007\ta\u202eb\nplain\n`,
    );
    const shown = 'red\\u001b[2J\\u001b]0;t\\u0007\ta\\u202eb\nplain\n';
    expect(await onTerminal(`$UNTANGLE ${file} 2>/dev/null`)).toBe(shown);
    const notText = fileOf('bytes.txt', Buffer.from([0xff, 0x1b, 0x5b, 0x32, 0x4a, 0x0a]));
    expect(await onTerminal(`$UNTANGLE ${notText} 2>/dev/null`)).toBe('\ufffd\\u001b[2J\n');
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
