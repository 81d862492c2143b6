import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { logOutput, releaseLogs } from './stdout-for-protocol.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';

/** A destination of lines. */
export interface LineTarget {
  /** For messages. */
  readonly name: string;
  /** The descriptor to write to; `undefined` while lines have to wait. Throws if it does not open. */
  fd(): number | undefined;
  /** Lets lines that wait for the descriptor be written. */
  release?(): void;
  /** Opens the file again, or throws and keeps the open one. */
  reopen?(): void;
  /** Closes a file that the target has opened; {@link LineTarget.fd} opens it again. */
  close?(): void;
}

/** Standard output, or standard error once standard output is used by a protocol. */
export const STANDARD_OUTPUT: LineTarget = {
  name: 'standard output',
  fd: logOutput,
  release: () => releaseLogs(),
};

/** A descriptor that other code opens and closes. */
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

// A pipe with a path, such as `/dev/stdout`, must not block the process, neither when it is opened
// nor when it is full. `O_NONBLOCK` has no effect on files and does not exist on Windows.
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
