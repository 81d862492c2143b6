import type { BenchmarkedNode } from '../nodes.js';
import { forEachIn, type Run } from '../run.js';
import { ServerProcess } from '../server-process.js';
import { sendAtRate } from '../sockets/load.js';
import { openPage } from '../sockets/open-page.js';
import { scaled } from './growths.js';

export interface ReaderTiming {
  node: BenchmarkedNode;
  /** µs of CPU for one record that all pages are sent, for each of {@link readerCounts}. */
  added: number[];
}

export const readerCounts = [1, 10, 100] as const;

/** A few hundred milliseconds at a rate at which each page is sent every record. */
const full = { rounds: 3, requests: 400 };
const quick = { rounds: 1, requests: 40 };
const requestsPerSecond = 200;
/** Three lines, the access log line and the request. */
const recordsOfRequest = 5;
const longestWaitMs = 10_000;
const stream = '/_traces/stream';

/** What the pages of the viewer that are open cost the server, over loopback sockets. */
export async function timeReaders(run: Run, failures: string[]): Promise<ReaderTiming[]> {
  const { rounds, requests } = run.isQuick ? quick : full;
  const timings: ReaderTiming[] = [];
  await forEachIn(run, run.nodes, async (node) => {
    const least = new Map<number, number>();
    for (let round = 1; round <= rounds; round++) {
      for (const count of [0, ...readerCounts]) {
        run.announce(`${count} readers, Node ${node.major}: round ${round} of ${rounds}`);
        const taken = await timeOne(run, node, count, requests).catch(String);
        if (typeof taken === 'string') failures.push(`${count} readers: ${taken}`);
        else least.set(count, Math.min(taken, least.get(count) ?? taken));
      }
    }
    const cost = (count: number) => (least.get(count) ?? NaN) / (requests * recordsOfRequest);
    timings.push({ node, added: readerCounts.map((count) => cost(count) - cost(0)) });
  });
  return timings;
}

/** µs of CPU for all requests, with so many pages open. */
async function timeOne(
  { output, isQuick }: Run,
  node: BenchmarkedNode,
  count: number,
  requests: number,
): Promise<number> {
  const server = await ServerProcess.start(scaled('readers', count, {}), 'fastify', {
    ...{ output, node, pace: 'settled', isPinned: !isQuick },
  });
  const closePages: (() => void)[] = [];
  try {
    await sendAtRate(server.port, requests, requestsPerSecond);
    const pages = Array.from({ length: count }, () => new Page());
    for (const page of pages) {
      closePages.push(await openPage(server.port, stream, (text) => page.read(text)));
    }
    await Promise.all(pages.map((page) => page.until(requests)));
    const before = await server.ask('cpu');
    await sendAtRate(server.port, requests, requestsPerSecond);
    await Promise.all(pages.map((page) => page.until(2 * requests)));
    return (await server.ask('cpu')) - before;
  } finally {
    for (const close of closePages) close();
    await server.stop();
  }
}

const mark = '"type":"request"';

/** Counts the requests that a page is sent: one that is sent fewer would cost less. */
class Page {
  private requests = 0;
  private rest = '';
  private check = () => {};

  read(text: string): void {
    const all = this.rest + text;
    let next = 0;
    for (let at = all.indexOf(mark); at !== -1; at = all.indexOf(mark, next)) {
      this.requests++;
      next = at + mark.length;
    }
    // A mark may be cut between two chunks.
    this.rest = all.slice(Math.max(next, all.length - mark.length + 1));
    this.check();
  }

  async until(requests: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const guard = setTimeout(
        () => reject(new Error(`A page was sent ${this.requests} of ${requests} requests`)),
        longestWaitMs,
      );
      this.check = () => {
        if (this.requests < requests) return;
        clearTimeout(guard);
        resolve();
      };
      this.check();
    });
  }
}
