import { Duplex } from 'node:stream';

/**
 * The socket of a driver, answered in this process: no kernel and no server are in what is timed.
 * Answers come in a later tick, as they would over a network.
 */
abstract class AnsweredSocket extends Duplex {
  /** What the server says to what has been sent. */
  protected abstract answerTo(sent: Buffer): Buffer | undefined;

  override _read(): void {}

  override _write(sent: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const answer = this.answerTo(sent);
    if (answer !== undefined) process.nextTick(() => this.push(answer));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  // What drivers call of a socket beside what a stream has.
  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

function message(type: string, ...parts: (string | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Answers each query with one row of one column. */
export class PostgresSocket extends AnsweredSocket {
  private isStarted = false;
  private readonly started = Buffer.concat([message('R', [0, 0, 0, 0]), message('Z', 'I')]);
  private readonly row = Buffer.concat([
    message(
      'T',
      [0, 1],
      'id\0',
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0],
    ),
    message('D', [0, 1, 0, 0, 0, 1], '1'),
    message('C', 'SELECT 1\0'),
    message('Z', 'I'),
  ]);
  private readonly parsedRow = Buffer.concat([message('1'), message('2'), this.row]);

  protected answerTo(sent: Buffer): Buffer | undefined {
    if (!this.isStarted) {
      this.isStarted = true;
      return this.started;
    }
    // A simple query, or a parsed one with all that belongs to it, up to its `Sync`.
    if (sent[0] === 0x51) return this.row;
    return sent[sent.length - 5] === 0x53 ? this.parsedRow : undefined;
  }
}

/** Answers each command with the same text. */
export class RedisSocket extends AnsweredSocket {
  private readonly text = Buffer.from('$5\r\nvalue\r\n');

  protected answerTo(): Buffer {
    return this.text;
  }
}
