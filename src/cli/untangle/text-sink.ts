import { DIM, type Paint } from './colors.js';
import { groupText, timeText } from './group-text.js';
import type { LineFilter } from './line-filter.js';
import { errorLines, lineText } from './line-text.js';
import type { LogLine } from './log-line.js';
import type { StandardOutput } from './standard-output.js';
import type { RequestGroup } from './request-groups.js';
import type { Sink } from './sink.js';

/** Writes text for people. */
export class TextSink implements Sink {
  private readonly isShown = (line: LogLine): boolean => this.filter.passesLevel(line);

  constructor(
    private readonly output: StandardOutput,
    private readonly filter: LineFilter,
    private readonly paint: Paint,
  ) {}

  group(group: RequestGroup): void {
    this.output.write(groupText(group, this.isShown, this.paint));
  }

  line(line: LogLine): void {
    const time = line.time === undefined ? '' : `${this.paint(DIM, timeText(line.time))} `;
    const rows = [
      `${time}${lineText(line, this.paint)}`,
      ...errorLines(line).map((row) => `    ${row}`),
    ];
    this.output.write(`${rows.join('\n')}\n`);
  }

  beginSource(): void {
    this.output.breakLine();
  }

  other(bytes: Buffer): void {
    this.output.pass(bytes);
  }

  flush(): Promise<void> {
    return this.output.flush();
  }

  end(): Promise<void> {
    return this.output.end();
  }
}
