import { describe, expect, it } from '@jest/globals';
import { appendFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cli, fileOf, logOf, pathOf, run } from './cli.js';
import { ALICE, BOB, finish, line, NOBODY, STATUS } from './figure.js';

/** Longer than the program waits before it looks again. */
const ONE_LOOK = 400;

describe('--follow', () => {
  it('shows what is in the file, then each request when it has ended', async () => {
    const file = fileOf('grows.log', logOf([line(1, ALICE, 'One'), finish(2, ALICE)]));
    const cli = Cli.start(['untangle', '--follow', file]);
    await cli.says('One');
    appendFileSync(file, logOf([line(3, BOB, 'Two')]));
    await sleep(ONE_LOOK);
    expect(cli.text).not.toContain('Two');
    // In the middle of a line.
    const end = logOf([finish(4, BOB)]);
    appendFileSync(file, end.slice(0, 50));
    await sleep(ONE_LOOK);
    appendFileSync(file, end.slice(50));
    await cli.says('Two');
    cli.child.kill('SIGINT');
    expect(await cli.ended).toMatchObject({ stderr: '', code: 130 });
  });

  it('survives that the file is rotated', async () => {
    const file = fileOf('rotates.log', logOf([line(1, ALICE, 'In the old one'), finish(1, BOB)]));
    const cli = Cli.start(['untangle', '-f', file]);
    await cli.says('req-002');
    renameSync(file, `${file}.1`);
    await sleep(ONE_LOOK);
    appendFileSync(`${file}.1`, `${logOf([line(2, ALICE, 'Still in the old one')])}{"cut off`);
    writeFileSync(file, logOf([line(3, ALICE, 'In the new one'), finish(4, ALICE)]));
    await cli.says('In the new one');
    expect(cli.text).toMatch(/In the old one\n.*Still in the old one\n.*In the new one\n/);
    expect(cli.text).toMatch(/^\{"cut off$/m);
    cli.child.kill('SIGINT');
    await cli.ended;
  });

  it('survives that the file is emptied', async () => {
    const file = fileOf('emptied.log', logOf([finish(1, ALICE), finish(2, BOB)]));
    const cli = Cli.start(['untangle', '-f', file]);
    await cli.says('req-002');
    truncateSync(file);
    await sleep(ONE_LOOK);
    appendFileSync(file, logOf([finish(3, STATUS)]));
    await cli.says('req-003');
    expect(cli.text.match(/req-001/g)).toHaveLength(1);
    cli.child.kill('SIGINT');
    await cli.ended;
  });

  it('survives that the file is missing for a while', async () => {
    const file = fileOf('gone.log', logOf([finish(1, ALICE)]));
    const cli = Cli.start(['untangle', '-f', file]);
    await cli.says('req-001');
    unlinkSync(file);
    await sleep(ONE_LOOK * 2);
    writeFileSync(file, logOf([finish(2, BOB)]));
    await cli.says('req-002');
    cli.child.kill('SIGINT');
    expect((await cli.ended).stderr).toBe('');
  });

  it('follows several files at once', async () => {
    const files = ['one.log', 'two.log'].map((name) => fileOf(name, ''));
    const cli = Cli.start(['untangle', '-f', ...files]);
    await sleep(ONE_LOOK * 2);
    appendFileSync(files[1]!, logOf([finish(1, ALICE)]));
    await cli.says('req-001');
    appendFileSync(files[0]!, logOf([finish(2, BOB)]));
    await cli.says('req-002');
    cli.child.kill('SIGINT');
    expect((await cli.ended).code).toBe(130);
  });

  it('shows after Ctrl+C what has not ended', async () => {
    const file = fileOf('open.log', logOf([line(1, ALICE, 'One'), line(2, NOBODY, 'Outside')]));
    const cli = Cli.start(['untangle', '-f', file]);
    await cli.says('Outside');
    expect(cli.text).not.toContain('One');
    cli.child.kill('SIGINT');
    expect((await cli.ended).stdout).toMatch(/Outside\n● request \(no end yet\).*\n.*\n.*One\n\n$/);
  });

  it('shows after a while what has not ended, and says later how it did', async () => {
    const file = fileOf('slow.log', logOf([line(1, ALICE, 'One')]));
    const cli = Cli.start(['untangle', '-f', file]);
    await sleep(4000);
    expect(cli.text).toBe('');
    await cli.says('One');
    appendFileSync(file, logOf([finish(9000, ALICE, { duration_ms: 9000 })]));
    await cli.says('completed 9000ms (continued)');
    cli.child.kill('SIGINT');
    await cli.ended;
  });

  it('needs a file that exists at first', async () => {
    const missing = pathOf('nothing.log');
    const { stderr, code } = await run(['untangle', '-f', missing]);
    expect(stderr).toBe(`nestjs-tracing: ${missing}: no such file or directory\n`);
    expect(code).toBe(1);
  });
});

describe('standard input', () => {
  it.each([[], ['--follow']])('is shown as it comes: %s', async (...flags) => {
    const cli = Cli.start(['untangle', ...flags]);
    cli.write(logOf([line(1, ALICE, 'One'), finish(2, ALICE)]));
    await cli.says('One');
    cli.write(logOf([line(3, NOBODY, 'Two')]));
    await cli.says('Two');
    cli.child.stdin!.end();
    expect((await cli.ended).code).toBe(0);
  });

  it('shows at once what comes behind the end of a request', async () => {
    const cli = Cli.start(['untangle']);
    cli.write(logOf([finish(2, ALICE), line(3, ALICE, 'Late')]));
    await cli.says('Late');
    cli.child.stdin!.end();
    expect((await cli.ended).code).toBe(0);
  });

  it('ends with Ctrl+C, and shows what has not ended', async () => {
    const cli = Cli.start(['untangle']);
    cli.write(logOf([line(1, ALICE, 'One'), line(2, NOBODY, 'Outside')]));
    await cli.says('Outside');
    cli.child.kill('SIGINT');
    const { stdout, stderr, code } = await cli.ended;
    expect(stdout).toContain('One');
    expect(stderr).toBe('');
    expect(code).toBe(130);
  });
});
