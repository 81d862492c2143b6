import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ViewLine, ViewRequest } from '../../../src/viewer/view-records.js';
import { eventually } from '../../support/line-sink.js';
import { ServiceProcess } from '../../support/service-process.js';
import { StreamReader } from '../support.js';

const start = async (folder: string, platform: string): Promise<Service> => {
  const env = { KEEP: folder, PLATFORM: platform };
  const process = await ServiceProcess.start('test/viewer/server/kept.process.ts', env);
  return { process, port: Number(process.ready['port']) };
};

interface Service {
  readonly process: ServiceProcess;
  readonly port: number;
}

const pay = async ({ port }: Service, user: string): Promise<void> => {
  await (await fetch(`http://127.0.0.1:${port}/pay/${user}`)).text();
};
const hang = ({ port }: Service, user: string): void => {
  fetch(`http://127.0.0.1:${port}/hang/${user}`).catch(() => 'ends with the process');
};

const onDisk = (folder: string): string =>
  readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('');
const messages = (reader: StreamReader, text: string): ViewLine[] =>
  reader.records.filter((one): one is ViewLine => one.type === 'line' && one.message === text);
const requestsTo = (reader: StreamReader, path: string): ViewRequest[] =>
  reader.records.filter((one): one is ViewRequest => one.type === 'request' && one.path === path);

describe('records that are kept', () => {
  it('survive the death of their process, at any moment, and are shown once', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'kept-')), 'traces');
    const first = await start(folder, 'express');
    const page = await StreamReader.open(first.port);
    await pay(first, 'Alice');
    hang(first, 'Bob');
    await eventually(
      () => messages(page, 'Hanging for Bob').length === 1,
      'the request that hangs',
    );
    await eventually(() => onDisk(folder).includes('Hanging for Bob'), 'it on the disk');
    // Killed while it writes.
    const load = Promise.allSettled(Array.from({ length: 200 }, (_, n) => pay(first, `load-${n}`)));
    await eventually(() => onDisk(folder).includes('load-'), 'the load on the disk');
    await first.process.stop('SIGKILL');
    await load;
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
    for (const file of readdirSync(folder)) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    }

    const second = await start(folder, 'fastify');
    const again = await StreamReader.open(second.port, `?from=${page.lastId}`);
    const fresh = await StreamReader.open(second.port);
    await pay(second, 'Carol');
    for (const reader of [again, fresh]) {
      await eventually(() => messages(reader, 'Paying for Carol').length === 1, 'what is new');
      expect(requestsTo(reader, '/hang/Bob').at(-1)).toMatchObject({
        outcome: 'interrupted',
        duration_ms: expect.any(Number),
        key: requestsTo(page, '/hang/Bob')[0]!.key,
      });
    }
    expect(messages(fresh, 'Paying for Alice')).toHaveLength(1);
    expect(requestsTo(fresh, '/pay/Alice').at(-1)).toMatchObject({ outcome: 'completed' });
    // The page has had these.
    expect(messages(again, 'Paying for Alice')).toEqual([]);
    expect(messages(again, 'Hanging for Bob')).toEqual([]);
    // What it had in the first run and has now been sent is each record once.
    const had = new Set(messagesOf(page));
    expect(messagesOf(again).filter((message) => had.has(message))).toEqual([]);
    page.close();
    again.close();
    fresh.close();

    // Ends by itself, with what it has not written yet.
    await pay(second, 'Dave');
    const other = await start(folder, 'express');
    await pay(other, 'Erin');
    const ofOther = await StreamReader.open(other.port);
    await eventually(() => messages(ofOther, 'Paying for Erin').length === 1, 'its own');
    // Each process shows its own, and what those have kept that have ended.
    expect(messages(ofOther, 'Paying for Alice')).toHaveLength(1);
    expect(messages(ofOther, 'Paying for Carol')).toEqual([]);
    ofOther.close();
    await pay(second, 'Frank');
    await Promise.all([second.process.stop(), other.process.stop()]);

    const last = await start(folder, 'fastify');
    const all = await StreamReader.open(last.port);
    await eventually(() => messages(all, 'Paying for Alice').length > 0, 'the first');
    await pay(last, 'Grace');
    await eventually(() => messages(all, 'Paying for Grace').length === 1, 'the last');
    for (const user of ['Alice', 'Carol', 'Dave', 'Erin', 'Frank']) {
      expect([user, messages(all, `Paying for ${user}`).length]).toEqual([user, 1]);
      expect(requestsTo(all, `/pay/${user}`).at(-1)!.outcome).toBe('completed');
    }
    all.close();
    await last.process.stop();
    rmSync(join(folder, '..'), { recursive: true });
  }, 120_000);
});

/** What no other request has logged. */
function messagesOf({ records }: StreamReader): string[] {
  return records.flatMap((one) =>
    one.type === 'line' && one.message.startsWith('Paying for load-') ? one.message : [],
  );
}
