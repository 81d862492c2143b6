import { Duplex } from 'node:stream';
import { ResponseReader, type Settle } from '../response-reader.js';

/**
 * The server's end of a connection that has no kernel and no client process behind it. It carries one
 * request at a time.
 */
export class MemorySocket extends Duplex {
  readonly #responses = new ResponseReader();

  /** `settle` is called when the whole response has been written. */
  send(request: string, settle: Settle): void {
    this.#responses.expect(settle);
    this.push(request, 'latin1');
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#responses.receive(chunk.toString('latin1'));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#responses.receive(chunks.map(({ chunk }) => chunk.toString('latin1')).join(''));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#responses.settle(error ?? new Error('The server closed the connection'));
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
}
