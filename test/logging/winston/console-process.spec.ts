import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { compiledProgram } from '../../support/compiled-program.js';
import { eventually, LineSink } from '../../support/line-sink.js';
import { ServiceProcess } from '../../support/service-process.js';
import { PLATFORMS } from '../../support/traced-app.js';

const FILE = 'test/logging/winston/console.process.ts';
const TIMEOUT = 120_000;

describe('a process with console: true', () => {
  it.each(
    PLATFORMS.flatMap((platform) => [
      [platform, 'the module', {}] as const,
      [platform, "winston's Console", { LOGGER: 'stream' }] as const,
      [platform, "winston's Console, by console.log", { LOGGER: 'console.log' }] as const,
    ]),
  )(
    'writes nothing but JSON to standard output: on %s, with the logger of %s',
    async (platform, _, env) => {
      const service = await ServiceProcess.start(FILE, { PLATFORM: platform, ...env });
      const url = `http://127.0.0.1:${String(service.ready['port'])}/orders`;
      const ids = Array.from({ length: 12 }, (_id, n) => `r-${n}`);
      await Promise.all(
        ids.map((id, n) => fetch(`${url}/${n}`, { headers: { 'x-request-id': id } })),
      );
      await service.linesOf('Request finished', ids.length);
      await service.stop();
      expect(service.sink.raw.filter((line) => !line.startsWith('{"'))).toEqual([]);
      expect(service.stderr).toBe('');
      for (const [n, id] of ids.entries()) {
        const own = service.lines.filter(
          ({ request_id, context }) => request_id === id && context === 'console',
        );
        expect(own.map(({ message }) => message)).toEqual([
          `listed ${n}`,
          expect.stringContaining('│ order'),
          'group',
          `count ${n}: 1`,
          `count ${n}: 2`,
          expect.stringMatching(new RegExp(`^time ${n}: [0-9.]+ms so far$`)),
          expect.stringMatching(new RegExp(`^time ${n}: [0-9.]+ms$`)),
          'not sent',
        ]);
      }
      const outside = service.lines.filter(
        ({ context, message }) => context === 'console' && message.startsWith('start: '),
      );
      expect(outside).toHaveLength(1);
    },
    TIMEOUT,
  );

  it(
    'writes nothing to standard output where it is served over stdio',
    async () => {
      const { NODE_OPTIONS: _, PLATFORM: __, ...env } = process.env;
      const child = spawn(process.execPath, [compiledProgram(FILE)], { env });
      const [output, errors] = [new LineSink(), new LineSink()];
      child.stdout.pipe(output);
      child.stderr.pipe(errors);
      const ended = once(child, 'exit');
      try {
        await eventually(() => errors.raw.some((line) => line.includes('│ a')), 'what is printed');
      } finally {
        child.kill();
        await ended;
      }
      expect(output.raw).toEqual([]);
      const written = errors.lines.filter(({ context }) => context === 'console');
      expect(written.map(({ message }) => message)).toEqual([
        'served over stdio',
        expect.stringContaining('│ a'),
      ]);
    },
    TIMEOUT,
  );
});
