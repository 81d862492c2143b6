import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Request {
  /** Sent as `X-Request-ID`. */
  id: string;
  /** Further header lines, each ended by `\r\n`. */
  headers?: string;
}

/**
 * One keep-alive connection with one request at a time. Node's own client would cost the parent
 * more than the cheaper servers cost theirs, and then the servers idle instead of being measured.
 */
export class Connection {
  #received = '';
  #settle: ((error?: Error) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', (error) => this.#answer(error));
    socket.on('close', () => this.#answer(new Error('The server closed the connection')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  static openAll(port: number, count: number): Promise<Connection[]> {
    return Promise.all(Array.from({ length: count }, () => Connection.open(port)));
  }

  send({ id, headers = '' }: Request, settle: (error?: Error) => void): void {
    this.#settle = settle;
    this.socket.write(
      `GET /payments/42 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: ${id}\r\n${headers}\r\n`,
    );
  }

  close(): void {
    this.socket.destroy();
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    const head = this.#received.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = /content-length: (\d+)/i.exec(this.#received);
    if (this.#received.length < head + 4 + Number(length?.[1] ?? 0)) return;
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
