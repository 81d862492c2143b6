import { jsonText } from './json-sink.js';
import { LogSummary } from './log-summary.js';
import type { LogLine } from './log-line.js';
import type { Paint } from './colors.js';
import type { ReadCounts } from './read-counts.js';
import type { RequestGroup } from './request-groups.js';
import type { Sink } from './sink.js';
import type { StandardOutput } from './standard-output.js';
import { DEFAULT_ROWS, summaryJson, summaryText } from './summary-text.js';

export interface SummaryOptions {
  readonly json: boolean;
  /** How many routes and errors are shown. */
  readonly rows: number | undefined;
  readonly paint: Paint;
}

/** Shows a summary of all requests and lines at the end. */
export class SummarySink implements Sink {
  private readonly summary = new LogSummary();

  constructor(
    private readonly output: StandardOutput,
    private readonly counts: ReadCounts,
    private readonly options: SummaryOptions,
  ) {}

  group(group: RequestGroup): void {
    this.summary.addGroup(group);
  }

  line(line: LogLine): void {
    this.summary.addLine(line);
  }

  beginSource(): void {}

  other(): void {}

  async flush(): Promise<void> {}

  async end(): Promise<void> {
    const { json, rows = DEFAULT_ROWS, paint } = this.options;
    const text = json
      ? jsonText(summaryJson(this.summary, this.counts, rows))
      : summaryText(this.summary, this.counts, rows, paint).trimEnd();
    this.output.write(`${text}\n`);
    await this.output.end();
  }
}
