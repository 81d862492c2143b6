import { escapeText } from '../../records/control-characters.js';

const MAX_SAMPLE = 80;
const MAX_SAMPLE_BYTES = 400;

/** Counts the lines that were read, and those that were no entries. */
export class ReadCounts {
  lines = 0;
  /** Lines that are no entry of a log, without empty ones. */
  unread = 0;
  private empty = 0;
  private tooLong = 0;
  private withBraces = 0;
  private brackets = 0;
  private sample: string | undefined;

  /** Counts a line that is no entry. */
  addUnread(bytes: Buffer): void {
    const text = bytes.toString('utf8', 0, Math.min(bytes.length, MAX_SAMPLE_BYTES)).trim();
    if (text === '') {
      this.empty++;
      return;
    }
    this.unread++;
    this.sample ??= escapeText(text.slice(0, MAX_SAMPLE));
    if (text === '{' || text === '}' || text === '[') this.brackets++;
    else if (text.includes('{"')) this.withBraces++;
  }

  /** Counts a line that is longer than what is read. */
  addTooLong(): void {
    this.lines++;
    this.unread++;
    this.tooLong++;
  }

  /** What could not be read, for standard error; `undefined` if everything was. */
  report(): string | undefined {
    if (this.unread === 0) return undefined;
    const all = this.lines.toLocaleString('en');
    const unread = this.unread.toLocaleString('en');
    const long = this.tooLong === 0 ? '' : ` (${this.tooLong.toLocaleString('en')} too long)`;
    if (!this.isNothingRead) return `${unread} of ${all} lines could not be read${long}`;
    return `none of ${all} lines could be read${long}. ${this.hint()}`;
  }

  private get isNothingRead(): boolean {
    return this.unread + this.empty >= this.lines;
  }

  private hint(): string {
    const first = this.sample === undefined ? '' : ` The first one: ${this.sample}`;
    if (this.brackets > 0)
      return `This looks like JSON over several lines: jq -c . app.log | nestjs-tracing untangle`;
    if (this.withBraces > 0) {
      return `They have JSON behind a prefix that is not known: sed 's/^[^{]*//' app.log | nestjs-tracing untangle.${first}`;
    }
    return `JSON lines are read, and the text format of nestjs-tracing; the output of pino-pretty and of Nest's own logger has no ids to group by.${first}`;
  }
}
