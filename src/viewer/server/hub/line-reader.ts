import type { Socket } from 'node:net';

/** Characters of a line, a record included. */
export const MAX_LINE_CHARACTERS = 1024 * 1024;

/**
 * Calls a function with each line that a socket receives. A peer that sends a longer one than any
 * process of this library does is disconnected.
 */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (socket.destroyed) return;
      onLine(line);
    }
    if (rest.length <= MAX_LINE_CHARACTERS) return;
    rest = '';
    socket.destroy();
  });
  socket.resume();
}
