import { fstatSync, readlinkSync, writeSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import type { LineTarget } from './line-target.js';
import { LogFile, missingFolders } from './log-file.js';
import { atomicBytes, OwnDescriptor } from './own-descriptor.js';
import { logOutput, releaseLogs } from './stdout-for-protocol.js';

/** A descriptor that other code opens and closes. */
export function descriptor(fd: number): LineTarget {
  const own = new OwnDescriptor(fd);
  return {
    name: `fd ${fd}`,
    atomicBytes: atomicBytesOf(fd),
    fd: () => own.get(),
    close: () => own.close(),
  };
}

const outputs = new Map<number, OwnDescriptor>();

/**
 * Standard output, or standard error once standard output is used by a protocol. It is never
 * closed: all loggers of the process share it.
 */
export const STANDARD_OUTPUT: LineTarget = {
  name: 'standard output',
  get atomicBytes() {
    const fd = logOutput();
    return fd === undefined ? (atomicBytesOf(1) ?? atomicBytesOf(2)) : atomicBytesOf(fd);
  },
  fd() {
    const fd = logOutput();
    if (fd === undefined) return undefined;
    let output = outputs.get(fd);
    if (output === undefined) outputs.set(fd, (output = new OwnDescriptor(fd)));
    return output.get();
  },
  release: () => releaseLogs(),
};

/** `undefined` for a descriptor that is not open, too: writing to it says so. */
function atomicBytesOf(fd: number): number | undefined {
  try {
    return atomicBytes(fstatSync(fd));
  } catch {
    return undefined;
  }
}

/**
 * @param destination a descriptor, the path of a file, or nothing for standard output.
 * @param mkdir whether the folder of a file is created where it is missing.
 * @throws {TracingConfigError} if it cannot be opened.
 */
export function openTarget(
  destination: number | string | undefined,
  mkdir: boolean | undefined,
): LineTarget {
  if (destination === undefined) return STANDARD_OUTPUT;
  const fd = typeof destination === 'number' ? destination : descriptorNamed(destination);
  try {
    if (fd === undefined) return new LogFile(pathOf(String(destination)), mkdir === true);
    checkWritable(fd);
    return descriptor(fd);
  } catch (error) {
    throw cannotOpen(destination, mkdir === true, error as NodeJS.ErrnoException);
  }
}

/** An absolute path, since the process may change its folder later. */
function pathOf(destination: string): string {
  if (!destination.endsWith('/') && !destination.endsWith(sep)) return resolve(destination);
  throw Object.assign(new Error('it is the path of a folder'), { code: 'EISDIR' });
}

/** Finds descriptors that are closed, only for reading, or that take no bytes, as those of Node. */
function checkWritable(fd: number): void {
  // An empty write is a message for some sockets, and nothing for all else.
  if (!fstatSync(fd).isSocket()) writeSync(fd, Buffer.alloc(0));
}

const DESCRIPTOR_PATH = /^\/(?:dev|proc\/(?:self|thread-self))\/fd\/(\d{1,9})$/;
const STANDARD_PATHS = new Map([
  ['/dev/stdin', 0],
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
]);
/** As many as the system follows. */
const MAX_LINKS = 40;

/**
 * The descriptor that a path names, as `/dev/stdout` does, or a link to it. The path itself is not
 * opened: a socket cannot be, and a file would be written to from its start.
 */
function descriptorNamed(destination: string): number | undefined {
  let path = resolve(destination);
  for (let links = 0; links < MAX_LINKS; links++) {
    const fd = STANDARD_PATHS.get(path) ?? DESCRIPTOR_PATH.exec(path)?.[1];
    if (fd !== undefined) return Number(fd);
    try {
      path = resolve(dirname(path), readlinkSync(path));
    } catch {
      // It is no link.
      return undefined;
    }
  }
  return undefined;
}

const FIXES = new Map([
  ['EACCES', 'let this process write there, or name another file.'],
  ['EPERM', 'let this process write there, or name another file.'],
  ['EROFS', 'name a file on a disk that may be written to.'],
  ['EISDIR', 'name a file, not a folder.'],
  ['ENOTDIR', 'name a file in a folder: a part of the path is a file.'],
  ['ENAMETOOLONG', 'name a file with a shorter path.'],
  ['EMFILE', 'let this process open more files, or find out which ones it leaves open.'],
  ['ENFILE', 'let this system open more files, or find out which ones are left open.'],
  ['ENXIO', 'name a file or a named pipe, not a socket.'],
]);

const FIX_DESCRIPTOR = 'pass a descriptor that is open for writing, or the path of a file.';

function cannotOpen(
  destination: number | string,
  mkdir: boolean,
  { code = '', message }: NodeJS.ErrnoException,
): TracingConfigError {
  const isPath = typeof destination === 'string';
  const missing =
    isPath && code === 'ENOENT' ? missingFolders(dirname(resolve(destination))).at(-1) : undefined;
  const shown = isPath ? JSON.stringify(destination).slice(0, 300) : `descriptor ${destination}`;
  const why =
    missing === undefined
      ? message.slice(0, 300)
      : `the folder ${missing.slice(0, 300)} does not exist`;
  return new TracingConfigError(
    'INVALID_DESTINATION',
    `log lines cannot be written to ${shown}: ${why}.`,
    isPath ? fixOf(code, missing !== undefined, mkdir) : FIX_DESCRIPTOR,
    'TracingTransport',
  );
}

function fixOf(code: string, isFolderMissing: boolean, mkdir: boolean): string {
  if (!isFolderMissing) return FIXES.get(code) ?? 'name a file that this process may write to.';
  return mkdir
    ? 'name a file in a folder that this process may create.'
    : 'correct the path, create the folder, or pass `mkdir: true`.';
}
