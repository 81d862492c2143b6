import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/**
 * The most that one call writes to a pipe as a whole, so that processes that share it do not tear
 * each other's lines.
 *
 * @see https://man7.org/linux/man-pages/man7/pipe.7.html PIPE_BUF; POSIX promises 512.
 */
const PIPE_BUF = process.platform === 'linux' ? 4096 : 512;

/** The multiplexer of pseudo terminals: opening it again makes a new terminal. Major 5, minor 2. */
const PTMX = 0x502;

const REOPEN = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Handles that have made a descriptor non-blocking. They are kept, because a handle that is
 * collected closes its descriptor, which is not ours.
 */
const handles = new Map<string, Socket>();

/** The most bytes for one call, or `undefined` where a call of any length is written as a whole. */
export function atomicBytes(stat: Stats): number | undefined {
  return stat.isFIFO() || stat.isSocket() ? PIPE_BUF : undefined;
}

/**
 * A descriptor of the process or of its parent, such as standard output, for writing without
 * waiting for its reader.
 *
 * Whether writing waits is a property of what is open, and every process that has inherited it
 * shares that. So pipes and terminals are opened once more, under Linux, which affects no one else:
 * not a shell that goes on with the terminal, and a Node process that ends and restores the flags
 * of its standard streams does not affect this one. A socket cannot be opened again: it is made
 * non-blocking as Node does with its own. Files never wait for a reader, and share their position
 * with other writers, so they are used as they are.
 */
export class OwnDescriptor {
  private opened: number | undefined;
  private isReady = false;

  constructor(private readonly given: number) {}

  /** The descriptor to write to. Never throws: what cannot be made non-blocking is used as it is. */
  get(): number {
    if (!this.isReady) this.prepare();
    return this.opened ?? this.given;
  }

  /** Closes what was opened. The given descriptor stays open, and {@link get} prepares it again. */
  close(): void {
    const { opened } = this;
    this.opened = undefined;
    this.isReady = false;
    if (opened !== undefined) closeSync(opened);
  }

  private prepare(): void {
    const { given } = this;
    if (process.platform === 'win32') {
      this.isReady = true;
      return;
    }
    try {
      const stat = fstatSync(given);
      const isTerminal = stat.isCharacterDevice() && stat.rdev !== PTMX && isatty(given);
      if (process.platform === 'linux' && (stat.isFIFO() || isTerminal)) {
        this.opened = openAgain(given);
      }
      if (this.opened === undefined && (stat.isFIFO() || stat.isSocket())) {
        makeNonBlocking(given, stat);
      }
      this.isReady = true;
    } catch {
      // It is closed, or its reader is gone: writing to it says so. It is prepared again next time.
    }
  }
}

/** `undefined` where that is not allowed: without `/proc`, or after the process has changed its user. */
function openAgain(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, REOPEN);
  } catch (error) {
    // A pipe without a reader.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') throw error;
    return undefined;
  }
}

function makeNonBlocking(fd: number, { dev, ino }: Stats): void {
  const key = `${fd} ${dev} ${ino}`;
  if (handles.has(key)) return;
  const socket = new Socket({ fd, readable: false, writable: true });
  // Nothing is written with it, and an error of the descriptor is found by writing.
  socket.on('error', () => {}).unref();
  handles.set(key, socket);
}
