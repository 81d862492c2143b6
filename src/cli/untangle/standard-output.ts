import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { terminalText } from './terminal-text.js';

const FULL_CHARACTERS = 2 ** 16;

/** A writable stream of the process. */
export type OutputStream = NodeJS.WriteStream & { readonly fd: number };

/** Standard output, written in large pieces. Text after a line without a newline begins a new line. */
export class StandardOutput {
  private text = '';
  private isInLine = false;
  private isBroken = false;

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

  /** Writes input that is no entry, unchanged. On a terminal, control characters are escaped. */
  pass(bytes: Buffer): void {
    this.beginLine();
    if (isUtf8(bytes)) {
      const text = bytes.toString();
      this.text += this.stream.isTTY ? terminalText(text) : text;
      if (this.text.length > FULL_CHARACTERS) this.send();
    } else if (this.stream.isTTY) {
      this.text += terminalText(bytes.toString());
    } else {
      this.send();
      this.stream.write(Buffer.from(bytes));
    }
    this.isInLine = !bytes.includes('\n', bytes.length - 1);
  }

  /** Writes what is left, and waits until there is room for more. */
  async flush(): Promise<void> {
    this.send();
    if (this.stream.writableNeedDrain) await once(this.stream, 'drain');
  }

  private beginLine(): void {
    if (this.isBroken) this.text += '\n';
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
