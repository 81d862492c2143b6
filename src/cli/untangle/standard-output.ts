import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { terminalText } from './terminal-text.js';

const FULL_CHARACTERS = 2 ** 16;
const NEWLINE = 10;

/** A writable stream of the process. */
export type OutputStream = NodeJS.WriteStream & { readonly fd: number };

/** Standard output, written in large pieces. Text after a line without a newline begins a new line. */
export class StandardOutput {
  private text = '';
  private isInLine = false;
  private isBroken = false;
  /** Holds the beginning of a character of which the rest is in the next part of its line. */
  private readonly rest = new StringDecoder('utf8');

  constructor(
    private readonly stream: OutputStream,
    /** Called before something is written. */
    private readonly onWrite: () => void,
  ) {}

  /** Writes whole lines, in which control characters are escaped already. */
  write(text: string): void {
    this.breakLine();
    this.beginLine();
    this.text += text;
    if (this.text.length > FULL_CHARACTERS) this.send();
  }

  /** Ends a line that has no newline, before the next text is written. */
  breakLine(): void {
    this.isBroken = this.isInLine;
  }

  /**
   * Writes a line of input that is no entry, or a part of one, as text that drives no terminal: what
   * goes into a pipe may be shown by `less -R`. Bytes that are not UTF-8 become U+FFFD, because one of
   * them may begin a control sequence too.
   */
  pass(bytes: Buffer): void {
    this.beginLine();
    const isEnd = bytes.at(-1) === NEWLINE;
    this.text += terminalText(isEnd ? this.rest.end(bytes) : this.rest.write(bytes));
    if (this.text.length > FULL_CHARACTERS) this.send();
    this.isInLine = !isEnd;
  }

  /** Writes what is left, and waits until there is room for more. */
  async flush(): Promise<void> {
    this.send();
    if (this.stream.writableNeedDrain) await once(this.stream, 'drain');
  }

  /** Writes what is left at the end of all input. */
  async end(): Promise<void> {
    this.text += this.rest.end();
    await this.flush();
  }

  private beginLine(): void {
    if (this.isBroken) this.text += `${this.rest.end()}\n`;
    this.isBroken = false;
    this.isInLine = false;
  }

  private send(): void {
    if (this.text === '') return;
    this.onWrite();
    this.stream.write(this.text);
    this.text = '';
  }
}
