import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ResponseReader, type Settle } from '../response-reader.js';

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
  readonly #responses = new ResponseReader();

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#responses.receive(chunk));
    socket.on('error', (error) => this.#responses.settle(error));
    socket.on('close', () => this.#responses.settle(new Error('The server closed the connection')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  static openAll(port: number, count: number): Promise<Connection[]> {
    return Promise.all(Array.from({ length: count }, () => Connection.open(port)));
  }

  send({ id, headers = '' }: Request, settle: Settle): void {
    this.#responses.expect(settle);
    this.socket.write(
      `GET /payments/42 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: ${id}\r\n${headers}\r\n`,
    );
  }

  close(): void {
    this.socket.destroy();
  }
}
