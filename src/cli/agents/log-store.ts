import type { ViewRecord } from '../../viewer/view-records.js';
import { ViewStore } from '../../viewer/store/view-store.js';
import { LineFilter } from '../untangle/line-filter.js';
import type { LogLine } from '../untangle/log-line.js';
import { ReadCounts } from '../untangle/read-counts.js';
import { Progress } from '../untangle/progress.js';
import { LogRecordConverter } from '../untangle/records-from-log.js';
import type { RequestGroup } from '../untangle/request-groups.js';
import type { Sink } from '../untangle/sink.js';
import { SourceReader } from '../untangle/source-reader.js';
import { Untangler } from '../untangle/untangler.js';

/** Reads a log into the store of the trace viewer: its newest requests and lines. */
class StoreSink implements Sink {
  readonly store = new ViewStore();
  private readonly converter = new LogRecordConverter(() => true);

  group(group: RequestGroup): void {
    this.add(this.converter.ofGroup(group));
  }

  line(line: LogLine): void {
    this.add([this.converter.ofLine(line)]);
  }

  beginSource(): void {}

  /** Input that is no entry. */
  other(): void {}

  async flush(): Promise<void> {}

  async end(): Promise<void> {}

  private add(records: readonly ViewRecord[]): void {
    this.store.add(records);
  }
}

/** The requests and lines of log files; `undefined` where one could not be read, which was said. */
export async function storeOfLogs(files: readonly string[]): Promise<ViewStore | undefined> {
  const sink = new StoreSink();
  const counts = new ReadCounts();
  const untangler = new Untangler(sink, new LineFilter({}), counts);
  const reading = new SourceReader(untangler, sink, new Progress(process.stderr, undefined));
  await reading.readAll(files);
  untangler.end();
  const unread = counts.report();
  if (unread !== undefined) process.stderr.write(`nestjs-tracing: ${unread}\n`);
  return reading.hasFailed ? undefined : sink.store;
}
