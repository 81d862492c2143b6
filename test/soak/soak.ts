import { setTimeout as sleep } from 'node:timers/promises';
import { Findings } from './findings.js';
import { hasGrown, megabytes, riseOf, type HeapSample } from './heap-watch.js';
import { Lanes } from './lanes.js';
import { Ledger } from './ledger.js';
import { LogReader } from './log-line.js';
import type { ServerState } from './server-state.js';
import { SoakedServer, type Adapter } from './soaked-server.js';
import { leftovers } from './state-differences.js';

const WARM_UP_SHARE = 0.25;
/** Of the time: a machine that is too busy takes longer, and proves as much. */
const LEAST_LOAD_SHARE = 0.25;
const LONGEST_WARM_UP_MS = 30_000;
/** Kept back for the end, when the server comes to rest. */
const END_MS = 5000;
const SAMPLE_MS = 2500;
const SWEEP_MS = 1000;
const REPORT_MS = 10_000;
/** How long the server may take to let go, of its calls' connections among others. */
const REST_MS = 12_000;
const POLL_MS = 200;

export interface SoakOptions {
  readonly adapter: Adapter;
  readonly seconds: number;
  /** A fault that the server is given, to see it found. */
  readonly fault: string | undefined;
}

/** What a server holds when nothing goes on. */
interface AtRest {
  readonly state: ServerState;
  readonly heap: number;
  readonly descriptors: number | undefined;
}

/** The soak of one adapter: its server, the traffic, and what is found of it. */
export class Soak {
  readonly findings = new Findings();
  readonly ledger = new Ledger(this.findings);
  private readonly samples: HeapSample[] = [];
  private heap = 0;
  private reported = 0;
  private readonly lanes: Lanes;

  private constructor(
    readonly options: SoakOptions,
    readonly server: SoakedServer,
    private readonly startedMs: number,
  ) {
    const log = new LogReader(this.ledger, this.findings);
    server.onOutput((text) => log.read(text));
    this.lanes = new Lanes(server.port, this.ledger);
  }

  static async start(options: SoakOptions): Promise<Soak> {
    const startedMs = performance.now();
    const server = await SoakedServer.start(options.adapter, options.fault);
    return new Soak(options, server, startedMs);
  }

  /** The whole of it, within the seconds that it was given. */
  async run(): Promise<void> {
    const timers = [
      setInterval(() => this.report(), REPORT_MS),
      setInterval(() => this.ledger.sweep(), SWEEP_MS),
    ];
    try {
      await this.takeCourse();
    } catch (error) {
      this.findings.add('it broke off', String(error));
      this.server.kill();
    }
    timers.forEach(clearInterval);
    for (const text of this.server.complaints.split('\n').filter(Boolean)) {
      this.findings.add('on standard error', text);
    }
  }

  private async takeCourse(): Promise<void> {
    const budgetMs = this.options.seconds * 1000;
    await this.lanes.greet();
    const before = await this.rest();
    await this.traffic(Math.min(budgetMs * WARM_UP_SHARE, LONGEST_WARM_UP_MS), false);
    const warm = await this.rest(before);
    const leftMs = this.startedMs + budgetMs - END_MS - performance.now();
    await this.traffic(Math.max(leftMs, budgetMs * LEAST_LOAD_SHARE), true);
    const after = await this.rest(before);
    this.compare(before, warm, after);
    for (const [kind, { sent }] of this.ledger.tallies) {
      if (sent === 0) this.findings.add('never sent', kind);
    }
    const ending = await this.server.stop();
    if (ending !== undefined) this.findings.add('the process at its end', ending);
  }

  private async traffic(forMs: number, isSampled: boolean): Promise<void> {
    const end = performance.now() + forMs;
    this.lanes.start();
    while (performance.now() < end) {
      await sleep(Math.min(SAMPLE_MS, Math.max(0, end - performance.now())));
      this.heap = await this.server.ask('heap');
      if (isSampled) this.samples.push({ atMs: performance.now(), bytes: this.heap });
    }
    await this.lanes.stop();
  }

  /** Waits until everything is settled and the server has let go of it. */
  private async rest(before?: AtRest): Promise<AtRest> {
    while (this.ledger.open > 0) await sleep(POLL_MS);
    // These connections carried many requests: leaks of each request would still be held.
    const { socketListeners } = await this.server.ask('state');
    this.lanes.close();
    const deadline = performance.now() + REST_MS;
    let state: ServerState;
    do {
      await sleep(POLL_MS);
      state = { ...(await this.server.ask('state')), socketListeners };
    } while (performance.now() < deadline && !isAtRest(state, before?.state));
    return {
      state,
      heap: await this.server.ask('heap'),
      descriptors: this.server.descriptors,
    };
  }

  private compare(before: AtRest, warm: AtRest, after: AtRest): void {
    for (const leftover of leftovers(before.state, after.state)) {
      this.findings.add('left behind', leftover);
    }
    if ((after.descriptors ?? 0) > (before.descriptors ?? 0)) {
      this.findings.add(
        'left behind',
        `file descriptors: ${after.descriptors}, before ${before.descriptors}`,
      );
    }
    if (hasGrown(warm.heap, after.heap)) {
      this.findings.add(
        'the heap has grown',
        `${megabytes(after.heap)}, after the warm-up ${megabytes(warm.heap)}`,
      );
    }
    const rise = riseOf(this.samples);
    if (hasGrown(warm.heap, warm.heap + rise)) {
      this.findings.add('the heap rises', `by ${megabytes(rise)} while under load`);
    }
    console.log(
      `${this.options.adapter}: heap at rest ${megabytes(before.heap)} before, ` +
        `${megabytes(warm.heap)} after the warm-up, ${megabytes(after.heap)} at the end; ` +
        `trend under load ${megabytes(rise)}; ` +
        `${after.descriptors ?? '?'} file descriptors, before ${before.descriptors ?? '?'}`,
    );
  }

  /** One line for a person who watches. */
  private report(): void {
    const { finished, open } = this.ledger;
    const perSecond = (finished - this.reported) / (REPORT_MS / 1000);
    this.reported = finished;
    const seconds = Math.round((performance.now() - this.startedMs) / 1000);
    console.log(
      `${this.options.adapter} ${String(seconds).padStart(4)} s: ` +
        `${finished.toLocaleString('en')} requests, ${perSecond.toFixed(0)} a second, ` +
        `${open} open, heap ${megabytes(this.heap)}, ${this.findings.count} wrong`,
    );
  }
}

function isAtRest(state: ServerState, before: ServerState | undefined): boolean {
  return state.connections === 0 && (before === undefined || leftovers(before, state).length === 0);
}
