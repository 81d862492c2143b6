import { connect } from 'node:net';

/** A server that is silent for so long has said all that it has to say. */
const QUIET_MS = 500;

/**
 * Writes bytes to a connection and returns what comes back, until the server closes it or is silent.
 *
 * @param bytes the pieces are written one after the other, each in a packet of its own.
 * @param quietMs how long a server may be silent; longer where it is known to close the connection.
 */
export function rawRequest(
  port: number,
  bytes: string | readonly string[],
  quietMs = QUIET_MS,
): Promise<string> {
  const pieces = typeof bytes === 'string' ? [bytes] : bytes;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    let received = '';
    socket.on('data', (text: string) => (received += text));
    socket.setTimeout(quietMs, () => socket.destroy());
    // A server that refuses the rest of what is sent resets the connection.
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    void writeAll();

    async function writeAll(): Promise<void> {
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        if (pieces.length > 1) await new Promise((resume) => setTimeout(resume, 5));
      }
    }
  });
}

/** A GET with these header lines, on a connection that is closed behind it. */
export function get(path: string, ...headers: string[]): string {
  return head('GET', path, ...headers, 'Connection: close');
}

/** A request without a body. */
export function head(method: string, path: string, ...headers: string[]): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: attacked', ...headers].join('\r\n')}\r\n\r\n`;
}

/** The statuses of the answers in what a server has sent, one after the other. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status !== 100);
}
