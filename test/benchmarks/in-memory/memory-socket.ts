import { Duplex } from 'node:stream';

const HEAD_END = '\r\n\r\n';

/**
 * The server's end of a connection that has no kernel and no client process behind it. It carries one
 * request at a time.
 */
export class MemorySocket extends Duplex {
  #received = '';
  #settle: ((error?: Error) => void) | undefined;

  /** `settle` is called when the whole response has been written. */
  send(request: string, settle: (error?: Error) => void): void {
    this.#settle = settle;
    this.push(request, 'latin1');
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#receive(chunk.toString('latin1'));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#receive(chunks.map(({ chunk }) => chunk.toString('latin1')).join(''));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#answer(error ?? new Error('The server closed the connection'));
    done(error);
  }

  // What servers call of a socket beside what a stream has.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }

  #receive(text: string): void {
    this.#received += text;
    const head = this.#received.indexOf(HEAD_END);
    if (head === -1) return;
    const length = /content-length: (\d+)/i.exec(this.#received);
    if (this.#received.length < head + HEAD_END.length + Number(length?.[1] ?? 0)) return;
    const status = this.#received.slice(9, 12);
    this.#received = '';
    this.#answer(status === '200' ? undefined : new Error(`The server answered ${status}`));
  }

  #answer(error?: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(error);
  }
}
