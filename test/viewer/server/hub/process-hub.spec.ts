import { describe, expect, it } from '@jest/globals';
import {
  existsSync,
  lstatSync,
  linkSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  chmodSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hubPlace } from '../../../../src/viewer/server/hub/hub-place.js';
import { eventually } from '../../../support/line-sink.js';
import { spyOnWarnings } from '../../../support/warnings.js';
import { HubProcess, temporaryFolder } from './hub-process.js';

const warnings = spyOnWarnings();

/** As many processes as there are names, the first of them the owner. */
async function processes(...names: string[]): Promise<[string, ...HubProcess[]]> {
  const folder = temporaryFolder();
  const all: HubProcess[] = [];
  for (const name of names) all.push(await HubProcess.start(folder, name));
  return [folder, ...all];
}

const linesOf = (service: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${service} ${n + 1}`);

async function killSocketFile(address: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${address}.x`, resolve));
  // What a process that was killed leaves: a socket on which nothing listens.
  linkSync(`${address}.x`, address);
  await new Promise((resolve) => server.close(resolve));
  expect(existsSync(address)).toBe(true);
}

describe('processes that share a viewer', () => {
  it('have one owner, whose page shows the records of all, earlier ones too, each once', async () => {
    const folder = temporaryFolder();
    const owner = await HubProcess.start(folder, 'one');
    const early = new HubProcess(folder, 'early');
    early.log(3);
    await early.start();
    const late = await HubProcess.start(folder, 'late');
    owner.log(2);
    late.log(2);
    await owner.has('one 2', 'early 3', 'late 2');
    expect([owner.role, early.role, late.role]).toEqual(['owner', 'member', 'member']);
    expect(owner.messages.toSorted()).toEqual([
      ...linesOf('early', 3),
      ...linesOf('late', 2),
      ...linesOf('one', 2),
    ]);
    // A member keeps its own records alone.
    expect(late.messages).toEqual(linesOf('late', 2));
    expect(late.facts).toEqual({ service: 'one', url: `http://127.0.0.1:${owner.port}/_traces` });
    expect(warnings).not.toHaveBeenCalled();
  });

  it('answer with the page of the owner, whichever is asked', async () => {
    const [, owner, member] = await processes('one', 'two');
    const answer = await fetch(`http://127.0.0.1:${member!.port}/_traces/some?query=1`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { Cookie: 'a=secret', Authorization: 'Bearer secret', 'Last-Event-ID': '7' },
    });
    expect(answer.headers.get('x-answered-by')).toBe('one');
    const { headers, ...rest } = (await answer.json()) as { headers: Record<string, string> };
    expect(rest).toEqual({ by: 'one', method: 'POST', path: '/some?query=1', bytes: 100_000 });
    expect(headers['last-event-id']).toBe('7');
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('authorization');
    const reader = await member!.open();
    owner!.log();
    member!.log();
    const lines = await reader.until('line', 2);
    expect(lines.map(({ message }) => message).toSorted()).toEqual(['one 1', 'two 1']);
    reader.close();
  });

  it('cut off an answer that the owner does not complete', async () => {
    const [, , member] = await processes('one', 'two');
    const answer = await fetch(`http://127.0.0.1:${member!.port}/_traces/cut`);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  it('have another owner when the first ends, and a page that reconnects gets what it does not have', async () => {
    const [, owner, second, third] = await processes('one', 'two', 'three');
    for (const process of [owner!, second!, third!]) process.log(50);
    const reader = await third!.open();
    await reader.until('line', 150);
    second!.log();
    third!.log();
    const endedAt = performance.now();
    owner!.end();
    const rest = [second!, third!];
    await eventually(() => rest.some(({ role }) => role === 'owner'), 'another owner');
    const next = rest.find(({ role }) => role === 'owner');
    await next!.has(...linesOf('two', 51), ...linesOf('three', 51));
    expect(performance.now() - endedAt).toBeLessThan(2000);
    await eventually(() => reader.hasEnded, 'the end of the stream');

    const again = await third!.open(`?from=${encodeURIComponent(reader.lastId)}`);
    third!.log();
    await eventually(
      () => again.records.some((one) => one.type === 'line' && one.message === 'three 52'),
      'a new line',
    );
    const shown = [...reader.records, ...again.records].flatMap((one) =>
      one.type === 'line' ? [one.message] : [],
    );
    const all = [...linesOf('one', 50), ...linesOf('two', 51), ...linesOf('three', 52)];
    expect(shown.toSorted()).toEqual(all.toSorted());
    again.close();
  });

  it('count what any of them has dropped, once', async () => {
    const [folder, owner] = await processes('one');
    const member = await HubProcess.start(folder, 'two', { lines: 10 });
    owner!.store.dropped.requests = 3;
    member.store.dropped.requests = 4;
    await eventually(() => owner!.store.dropped.requests === 7, 'the sum');
    owner!.end();
    await eventually(() => member.role === 'owner', 'another owner');
    expect(member.store.dropped.requests).toBe(4);
    const third = await HubProcess.start(folder, 'three');
    third.store.dropped.lines = 5;
    await eventually(() => member.store.dropped.lines === 5, 'the sum');
    // What it reports of itself is still its own.
    member.end();
    await eventually(() => third.role === 'owner', 'another owner');
    expect(third.store.dropped).toEqual({ requests: 0, lines: 5, spans: 0 });
  });

  it('send no record that is larger than a line may be, and count it', async () => {
    const [, owner, member] = await processes('one', 'two');
    const message = 'x'.repeat(1024 * 1024);
    member!.store.add('line', JSON.stringify({ type: 'line', message }));
    member!.log();
    await owner!.has('two 1');
    await eventually(() => owner!.store.dropped.lines === 1, 'the count');
    expect(member!.role).toBe('member');
  });

  it('have the same rules for log levels, and one that has ended does not come back', async () => {
    const [folder, owner, member] = await processes('one', 'two');
    const kept = { sessionId: 'kept' };
    const ended = { sessionId: 'ended' };
    const usedUp = { sessionId: 'used-up' };
    owner!.levels.set({ route: '/of-the-application' }, 'debug');
    owner!.hub.rules!.set(kept, 'debug', { forMs: 50_000, entries: 5 });
    owner!.hub.rules!.set(usedUp, 'debug');
    const id = owner!.hub.rules!.set(ended, 'debug');
    await eventually(() => member!.levels.targets.length === 3, 'three rules');
    expect(member!.levels.list()[0]).toMatchObject({ target: kept, level: 'debug', entries: 5 });
    expect(owner!.hub.rules!.clear(id)).toBe(1);
    await eventually(() => member!.levels.targets.length === 2, 'the end of one');
    // It has written all of its entries here.
    member!.levels.clear(member!.levels.list()[1]!.id);
    const third = await HubProcess.start(folder, 'three');
    await eventually(() => third.levels.targets.length === 2, 'the rules');
    owner!.end();
    await eventually(() => [member!, third].some(({ role }) => role === 'owner'), 'another owner');
    const [next, other] = member!.role === 'owner' ? [member!, third] : [third, member!];
    next.hub.rules!.set({ sessionId: 'new' }, 'debug');
    await eventually(
      () => other.levels.targets.some((one) => 'sessionId' in one && one.sessionId === 'new'),
      'a new rule',
    );
    expect(member!.levels.targets).toEqual([kept, { sessionId: 'new' }]);
    expect(other.hub.rules!.clear()).toBeGreaterThan(0);
  });

  it('do not meet those of another group', async () => {
    const folder = temporaryFolder();
    const one = await HubProcess.start(folder, 'one');
    const two = await HubProcess.start(folder, 'two', { group: 'authorize /srv/app' });
    expect([one.role, two.role]).toEqual(['owner', 'owner']);
  });
});

describe('the place where processes meet', () => {
  it.each(['nothing', 'a socket of a process that was killed', 'a file', 'a folder', 'a link'])(
    'has one owner where there is %s and ten come at once',
    async (what) => {
      const folder = temporaryFolder();
      const { address } = hubPlace('token', folder);
      if (what.startsWith('a socket')) await killSocketFile(address);
      if (what === 'a file') writeFileSync(address, 'x');
      if (what === 'a folder') mkdirSync(join(address, 'sub'), { recursive: true });
      if (what === 'a link') symlinkSync('/etc/passwd', address);
      const all = Array.from({ length: 10 }, (_, n) => new HubProcess(folder, `p${n}`));
      await Promise.all(all.map((process) => process.start()));
      for (const process of all) process.log();
      const owner = (): HubProcess[] => all.filter(({ role }) => role === 'owner');
      await eventually(
        () => owner().length === 1 && all.every(({ role }) => role !== 'seeking'),
        'roles',
      );
      await owner()[0]!.has(...all.map(({ service }) => `${service} 1`));
      expect(owner()).toHaveLength(1);
      expect(readdirSync(join(address, '..')).toSorted()).toEqual(
        [address.split('/').at(-1)!, 'hub-key'].toSorted(),
      );
      expect(lstatSync(address).mode & 0o777).toBe(0o600);
      expect(lstatSync(join(address, '..')).mode & 0o777).toBe(0o700);
    },
  );

  it.each<[string, (address: string) => void]>([
    ['the socket is removed', (address) => rmSync(address)],
    ['the folder is removed', (address) => rmSync(join(address, '..'), { recursive: true })],
    ['the key is replaced', (address) => rmSync(join(address, '../hub-key'))],
    [
      'another file is there',
      (address) => {
        rmSync(address);
        writeFileSync(address, '');
      },
    ],
    [
      'a link is there',
      (address) => {
        renameSync(address, `${address}.moved`);
        symlinkSync(`${address}.moved`, address);
      },
    ],
  ])('is taken again when %s', async (_what, change) => {
    const [folder, owner, member] = await processes('one', 'two');
    owner!.log();
    member!.log();
    await owner!.has('two 1');
    change(hubPlace('token', folder).address);
    const third = await HubProcess.start(folder, 'three');
    third.log();
    const all = [owner!, member!, third];
    await eventually(
      () =>
        all.some(({ messages }) =>
          ['one 1', 'two 1', 'three 1'].every((one) => messages.includes(one)),
        ),
      'one page for all',
    );
    expect(warnings).not.toHaveBeenCalled();
  });

  it('is left clean', async () => {
    const [folder, owner] = await processes('one');
    const { address } = hubPlace('token', folder);
    expect(existsSync(address)).toBe(true);
    owner!.end();
    await eventually(() => !existsSync(address), 'no socket');
  });

  it.each<[string, (folder: string) => string]>([
    [
      'a folder that others may use',
      (folder) => {
        const own = join(folder, `nestjs-tracing-${process.getuid!()}`);
        mkdirSync(own);
        chmodSync(own, 0o777);
        return folder;
      },
    ],
    [
      'a link instead of the folder',
      (folder) => {
        symlinkSync(folder, join(folder, `nestjs-tracing-${process.getuid!()}`));
        return folder;
      },
    ],
    [
      'a file instead of the folder',
      (folder) => {
        writeFileSync(join(folder, `nestjs-tracing-${process.getuid!()}`), '');
        return folder;
      },
    ],
    [
      'a path that is too long for a socket',
      (folder) => {
        const long = join(folder, 'x'.repeat(90));
        mkdirSync(long);
        return long;
      },
    ],
  ])('cannot be %s: each has a page of its own, with one warning', async (_what, prepare) => {
    const folder = prepare(temporaryFolder());
    const one = await HubProcess.start(folder, 'one');
    const two = await HubProcess.start(folder, 'two');
    expect([one.role, two.role]).toEqual(['alone', 'alone']);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings).toHaveBeenCalledWith(
      expect.stringContaining('so it shows only this one'),
      expect.objectContaining({ code: 'TRACING_VIEWER_NOT_SHARED' }),
    );
    one.log();
    const reader = await one.open();
    await reader.until('line', 1);
    reader.close();
  });
});
