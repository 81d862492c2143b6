import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { Cli, fileOf, logOf, pathOf, run, untangle } from './cli.js';
import { ALICE, BOB, FIGURE, finish, line } from './figure.js';

const LOG = logOf(FIGURE);

describe('what is read', () => {
  it('is every file, one after the other, and standard input for -', async () => {
    const first = fileOf('first.log', 'from the first, without an end');
    const third = fileOf('third.log', 'from the third\n');
    const { stdout, code } = await run(['untangle', first, '-', third], { stdin: 'from a pipe\n' });
    expect(stdout).toBe('from the first, without an end\nfrom a pipe\nfrom the third\n');
    expect(code).toBe(0);
  });

  it('may have a request in two files', async () => {
    const older = fileOf('app.log.1', logOf([line(1, ALICE, 'One')]));
    const newer = fileOf('app.log', logOf([finish(2, ALICE)]));
    const { stdout } = await run(['untangle', older, newer]);
    expect(stdout).toMatch(/^● GET .*\n.*\n.*One\n\n$/);
  });

  it('may begin with a byte order mark and end its lines as Windows does', async () => {
    const { stdout } = await untangle(`\ufeff${LOG.replaceAll('\n', '\r\n')}`);
    expect(stdout).toBe((await untangle(LOG)).stdout);
  });

  it('may be nothing', async () => {
    expect(await run(['untangle', fileOf('empty.log', '')])).toMatchObject({ stdout: '', code: 0 });
  });

  it.each([1, 2, 7, 64])('may come in pieces of %i bytes', async (size) => {
    const lines = [line(1, ALICE, 'Grüße, 世界 🎉'), finish(2, ALICE)];
    const bytes = Buffer.from(logOf(lines));
    const cli = Cli.start(['untangle']);
    for (let i = 0; i < bytes.length; i += size) {
      cli.child.stdin!.write(bytes.subarray(i, i + size));
      if (i % 40 === 0) await new Promise(setImmediate);
    }
    cli.child.stdin!.end();
    expect((await cli.ended).stdout).toBe((await untangle(lines)).stdout);
  });
});

describe('gzip', () => {
  const packed = zlib.gzipSync(LOG);

  it.each(['app.log.gz', 'without-its-suffix'])('is read from a file: %s', async (name) => {
    const { stdout } = await run(['untangle', fileOf(name, packed)]);
    expect(stdout).toBe((await untangle(LOG)).stdout);
  });

  it('is read from standard input, of several members', async () => {
    const members = Buffer.concat([
      packed,
      zlib.gzipSync(logOf([line(800, BOB, 'In the second')])),
    ]);
    const { stdout } = await untangle('', [], { stdin: members });
    expect(stdout).toContain('Status check');
    expect(stdout).toContain('In the second');
  });

  it('that is cut off is read as far as it goes', async () => {
    const long = zlib.gzipSync(LOG.repeat(2000));
    const file = fileOf('cut.gz', long.subarray(0, long.length - 100));
    const { stdout, stderr, code } = await run(['untangle', file]);
    expect(stdout).toContain('● POST /api/payment 201');
    expect(stderr).toMatch(/cut\.gz: unexpected end of file\nnestjs-tracing: 1 of \S+ lines could/);
    expect(code).toBe(1);
  });
});

describe('zstd', () => {
  const text = Buffer.from(LOG);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  const block = Buffer.alloc(4);
  // One block that is not compressed, and the last.
  block.writeUInt32LE((text.length << 3) | 1);
  const head = Buffer.from('28b52ffda0', 'hex');
  const packed = Buffer.concat([head, size, block.subarray(0, 3), text]);

  it('is read, or the message says which version of Node can', async () => {
    const { stdout, stderr, code } = await run(['untangle', fileOf('app.log.zst', packed)]);
    if ('createZstdDecompress' in zlib) expect(stdout).toBe((await untangle(LOG)).stdout);
    else {
      expect(stderr).toMatch(
        /zst: packed with zstd, which Node \S+ cannot unpack; Node 22\.15 can/,
      );
      expect([stdout, code]).toEqual(['', 1]);
    }
  });
});

describe('what cannot be read', () => {
  it('is reported, and the others are read', async () => {
    const missing = pathOf('missing.log');
    const folder = join(missing, '..');
    const { stdout, stderr, code } = await run(['untangle', missing, folder, fileOf('a.log', LOG)]);
    expect(stdout).toContain('● POST /api/payment 201');
    expect(stderr.split('\n')).toEqual([
      `nestjs-tracing: ${missing}: no such file or directory`,
      `nestjs-tracing: ${folder}: illegal operation on a directory`,
      '',
    ]);
    expect(code).toBe(1);
  });

  it('has a name that drives no terminal', async () => {
    const { stderr } = await run(['untangle', '/no/\u001b[2J\nfile']);
    expect(stderr).toBe('nestjs-tracing: /no/\\u001b[2J\\nfile: no such file or directory\n');
  });
});
