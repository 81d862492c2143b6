import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readAnswer, type Answer } from './answer.js';

/** No answer takes as long, however busy the machine is. */
const PATIENCE_MS = 20_000;

interface Reader {
  readonly isHeadOnly: boolean;
  /** Whether the first part of the body is enough. */
  readonly isBegunEnough: boolean;
  readonly settle: (answer: Answer | undefined) => void;
}

/**
 * A keep-alive connection that can pipeline, which Node's own client cannot, and that can be closed
 * at any moment.
 */
export class Connection {
  private received = '';
  private readonly readers: Reader[] = [];

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setEncoding('latin1');
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', (text: string) => {
      this.received += text;
      this.hand(false);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.hand(true));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  get isOpen(): boolean {
    return this.socket.writable && this.socket.readable;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next answer, as far as it came; `undefined` where none came before the end. */
  read(isHeadOnly: boolean, isBegunEnough = false): Promise<Answer | undefined> {
    return new Promise((settle) => {
      this.readers.push({ isHeadOnly, isBegunEnough, settle });
      this.hand(this.socket.destroyed);
    });
  }

  leave(): void {
    this.socket.destroy();
  }

  private hand(isOver: boolean): void {
    while (this.readers.length > 0) {
      const { isHeadOnly, isBegunEnough, settle } = this.readers[0]!;
      const answer = readAnswer(this.received, isHeadOnly);
      const isBegun = answer !== undefined && answer.body !== '';
      if (!isOver && answer?.isWhole !== true && !(isBegunEnough && isBegun)) return;
      this.readers.shift();
      this.received = this.received.slice(answer?.length ?? 0);
      // One that closes says so; the server may take a moment to do it.
      if (answer?.isLast === true) this.socket.end();
      settle(answer);
    }
  }
}
