import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { logOutput, releaseLogs } from './protocol-output.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';

/** Where lines are written. */
export interface LineTarget {
  /** For messages. */
  readonly name: string;
  /** The descriptor to write to; `undefined` lets the lines wait. Throws if it cannot be opened. */
  fd(): number | undefined;
  /** From now on, lines that wait for the descriptor do so no longer. */
  release?(): void;
  /** Opens the file anew, or throws and keeps the one that it has. */
  reopen?(): void;
  /** Closes what is the target's own; {@link LineTarget.fd} opens it again. */
  close?(): void;
}

/** Standard output, or standard error from the moment that a protocol speaks on the other. */
export const STANDARD_OUTPUT: LineTarget = {
  name: 'standard output',
  fd: logOutput,
  release: () => releaseLogs(),
};

/** A descriptor that somebody else has opened, and closes. */
export function descriptor(fd: number): LineTarget {
  return { name: `fd ${fd}`, fd: () => fd };
}

/**
 * @param destination a descriptor, the path of a file, or nothing for standard output.
 * @throws {TracingConfigError} if it cannot be opened.
 */
export function openTarget(destination: number | string | undefined): LineTarget {
  try {
    if (typeof destination === 'string') return new LogFile(destination);
    if (destination === undefined) return STANDARD_OUTPUT;
    fstatSync(destination);
    return descriptor(destination);
  } catch (error) {
    throw new TracingConfigError(
      'INVALID_DESTINATION',
      `log lines cannot be written to ${destination}: ${(error as Error).message}.`,
      typeof destination === 'string'
        ? 'name a file that this process may write to, in a folder that exists or may be created.'
        : 'pass a descriptor that is open, or the path of a file.',
    );
  }
}

// A pipe that has a path, such as `/dev/stdout`, must not block the process, neither when it is
// opened nor when it is full. To files it makes no difference; Windows does not know it.
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

class LogFile implements LineTarget {
  private descriptor: number | undefined;

  constructor(readonly name: string) {
    this.descriptor = open(name);
  }

  fd(): number {
    return (this.descriptor ??= open(this.name));
  }

  reopen(): void {
    const opened = open(this.name);
    const { descriptor: old } = this;
    this.descriptor = opened;
    if (old !== undefined) closeSync(old);
  }

  close(): void {
    const { descriptor: old } = this;
    this.descriptor = undefined;
    if (old !== undefined) closeSync(old);
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, FLAGS, 0o666);
}
