import { durationOf } from './group-summary.js';
import type { RequestGroup } from './request-groups.js';
import type { Sink } from './sink.js';

const MAX_BYTES = 32 * 2 ** 20;
/** How many requests are shown where no limit is given. */
const DEFAULT_SLOWEST = 100;

interface Timed {
  readonly group: RequestGroup;
  readonly duration: number;
}

/** Shows the slowest requests at the end, slowest first, and nothing else. */
export class SlowestSink implements Sink {
  private kept: Timed[] = [];
  private bytes = 0;

  constructor(
    private readonly sink: Sink,
    private readonly limit: number = DEFAULT_SLOWEST,
  ) {}

  group(group: RequestGroup): void {
    const duration = durationOf(group);
    if (duration === undefined) return;
    this.kept.push({ group, duration });
    this.bytes += group.bytes;
    if (this.kept.length >= this.limit * 2) this.cut(this.limit);
    // Half of what there is room for, so that it is not sorted for each one.
    while (this.bytes > MAX_BYTES) this.cut(Math.floor(this.kept.length / 2));
  }

  line(): void {}

  beginSource(): void {}

  other(): void {}

  async flush(): Promise<void> {}

  async end(): Promise<void> {
    this.cut(this.limit);
    for (const { group } of this.kept) {
      this.sink.group(group);
      await this.sink.flush();
    }
    await this.sink.end();
  }

  private cut(count: number): void {
    this.kept.sort((one, other) => other.duration - one.duration);
    for (const { group } of this.kept.splice(count)) this.bytes -= group.bytes;
  }
}
