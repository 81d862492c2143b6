import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../soak/connection.js';
import { hasGrown, megabytes } from '../soak/heap-watch.js';
import { SoakedServer, type Adapter } from '../soak/soaked-server.js';
import { moveOf } from './attack-mix.js';

const LANES = 48;
/** What has to be cached and compiled, is by then. */
const WARM_REQUESTS = 50_000;
const REPORT_MS = 10_000;
const REST_MS = 1500;

export interface LongRunOptions {
  readonly adapter: Adapter;
  /** How many requests, or for how long; whichever comes first. */
  readonly requests: number;
  readonly seconds: number;
  /** `--max-old-space-size` of the server, in megabytes. */
  readonly heap: number | undefined;
  readonly viewer: boolean;
  /** Exports to a collector that never answers. */
  readonly collector: boolean;
}

/** The attack suite's mix at full speed against one adapter. Returns what is wrong. */
export async function longRun(options: LongRunOptions): Promise<string[]> {
  const collector = options.collector ? await hangingCollector() : undefined;
  const server = await startServer(options, collector);
  const log = watchLog(server);
  const wrong: string[] = [];
  try {
    const traffic = new Traffic(server.port);
    const timer = setInterval(() => report(options.adapter, traffic), REPORT_MS);
    const deadline = performance.now() + options.seconds * 1000;
    const warmAt = Math.min(WARM_REQUESTS, options.requests / 4);
    await traffic.until(warmAt, deadline);
    const warm = await heapAtRest(server);
    await traffic.until(options.requests, deadline);
    const end = await heapAtRest(server);
    clearInterval(timer);
    console.log(
      `${options.adapter}: ${traffic.sent.toLocaleString('en')} requests, ` +
        `${traffic.perSecond} a second; heap ${megabytes(warm)} after ` +
        `${warmAt.toLocaleString('en')}, ${megabytes(end)} at the end; ` +
        `${log.finished.toLocaleString('en')} access log lines`,
    );
    if (hasGrown(warm, end))
      wrong.push(`the heap has grown from ${megabytes(warm)} to ${megabytes(end)}`);
    if (log.finished < traffic.answered) {
      wrong.push(
        `${traffic.answered} answers of the application, ${log.finished} access log lines`,
      );
    }
    const ending = await server.stop();
    if (ending !== undefined) wrong.push(ending);
  } catch (error) {
    wrong.push(`it broke off: ${String(error)}`);
    server.kill();
  } finally {
    collector?.closeAllConnections();
    collector?.close();
  }
  return wrong;
}

function startServer(
  options: LongRunOptions,
  collector: Server | undefined,
): Promise<SoakedServer> {
  const { adapter, heap, viewer } = options;
  // The server inherits them.
  if (viewer) process.env['VIEWER'] = 'true';
  if (collector !== undefined) {
    process.env['COLLECTOR'] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  }
  const nodeOptions = heap === undefined ? [] : [`--max-old-space-size=${heap}`];
  return SoakedServer.start(adapter, undefined, {
    program: '../attack/attacked-server.ts',
    nodeOptions,
  });
}

async function hangingCollector(): Promise<Server> {
  const server = createServer((request) => request.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Counts the access log lines of a server without keeping them. */
function watchLog(server: SoakedServer): { finished: number } {
  const log = { finished: 0 };
  let rest = '';
  server.onOutput((text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.includes('"message":"Request finished"')) log.finished += 1;
  });
  return log;
}

async function heapAtRest(server: SoakedServer): Promise<number> {
  await sleep(REST_MS);
  return server.ask('heap');
}

/** Many clients at once, each of which goes on as soon as it has its answer. */
class Traffic {
  sent = 0;
  /** Answers that only the application gives: to valid requests of a known path. */
  answered = 0;
  private readonly startedAt = performance.now();

  constructor(private readonly port: number) {}

  get perSecond(): number {
    return Math.round(this.sent / ((performance.now() - this.startedAt) / 1000));
  }

  async until(count: number, deadline: number): Promise<void> {
    await Promise.all(
      Array.from({ length: LANES }, async () => {
        let connection: Connection | undefined;
        while (this.sent < count && performance.now() < deadline) {
          if (connection?.isOpen !== true) connection = await Connection.open(this.port);
          await this.play(connection);
        }
        connection?.leave();
      }),
    );
  }

  private async play(connection: Connection): Promise<void> {
    const { text, leaves = false, isHeadOnly = false } = moveOf(this.sent++);
    connection.write(text);
    if (leaves) {
      await sleep(1);
      return connection.leave();
    }
    const answer = await connection.read(isHeadOnly);
    if (answer?.status === 200) this.answered += 1;
    // What is no HTTP is answered by the server itself, which then closes.
    if (answer === undefined || answer.status === 400) connection.leave();
    return undefined;
  }
}

function report(adapter: Adapter, traffic: Traffic): void {
  console.log(
    `${adapter}: ${traffic.sent.toLocaleString('en')} requests, ${traffic.perSecond} a second`,
  );
}
