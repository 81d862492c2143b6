import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const SCRAPE_WAIT_MS = 10_000;
const POLL_MS = 50;

/** One value of the answer to a query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The Prometheus that `run.ts` has started. */
export class Prometheus {
  private readonly url = process.env['PROMETHEUS_URL']!;

  /** Lets it scrape this address and nothing else. */
  scrapeOnly(address: string, job: string): void {
    const groups = [{ targets: [address], labels: { job } }];
    writeFileSync(process.env['PROMETHEUS_TARGETS']!, JSON.stringify(groups));
  }

  /** Waits until it has scraped that often from now on. */
  async scraped(times: number): Promise<void> {
    const seen = new Set<string>();
    const since = Date.now();
    while (seen.size < times) {
      if (Date.now() > since + SCRAPE_WAIT_MS) throw new Error('Prometheus does not scrape');
      const { activeTargets } = await this.ask('targets');
      for (const { lastScrape, health } of activeTargets) {
        if (health === 'up' && Date.parse(lastScrape) > since) seen.add(lastScrape);
      }
      await sleep(POLL_MS);
    }
  }

  /** The value of an expression now. */
  async query(expr: string): Promise<Sample[]> {
    const { result } = await this.ask('query', { query: expr });
    return result.map(({ metric, value }: any) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** The trace ids of the latest exemplars of the metrics in an expression. */
  async exemplars(expr: string): Promise<string[]> {
    const now = Date.now() / 1000;
    const window = { start: `${now - 300}`, end: `${now + 1}` };
    const series: any[] = await this.ask('query_exemplars', { query: expr, ...window });
    return series.flatMap(({ exemplars }) => exemplars.map(({ labels }: any) => labels.trace_id));
  }

  /** The alert rules that it evaluates, and what became of each. */
  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    const { groups } = await this.ask('rules');
    return groups.flatMap(({ rules }: any) => rules);
  }

  private async ask(what: string, parameters: Record<string, string> = {}): Promise<any> {
    const query = new URLSearchParams(parameters);
    const response = await fetch(`${this.url}/api/v1/${what}?${query.toString()}`);
    const answer = (await response.json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${what}: ${answer.error}`);
    return answer.data;
  }
}
