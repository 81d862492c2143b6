import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  statSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import type { LineTarget } from './line-target.js';
import { atomicBytes } from './own-descriptor.js';

// A pipe or terminal with a path must not block the process, neither when it is opened nor when it is
// full. These have no effect on files, and do not exist on Windows.
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NONBLOCK ?? 0) |
  (constants.O_NOCTTY ?? 0);

/** A file, named pipe or device that is opened by its path. */
export class LogFile implements LineTarget {
  atomicBytes: number | undefined;
  private descriptor: number | undefined;

  /**
   * @param name an absolute path: the process may change its folder later.
   * @throws if it cannot be opened. A named pipe need not have a reader yet.
   */
  constructor(
    readonly name: string,
    private readonly mkdir: boolean,
  ) {
    try {
      this.descriptor = this.open();
    } catch (error) {
      const stat = statSync(name, { throwIfNoEntry: false });
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || !stat?.isFIFO()) throw error;
      this.atomicBytes = atomicBytes(stat);
    }
  }

  fd(): number {
    return (this.descriptor ??= this.open());
  }

  reopen(): void {
    const { descriptor: old } = this;
    try {
      this.descriptor = this.open();
    } catch (error) {
      // Lines that are written to a file without a name are lost when it is closed.
      if (old !== undefined && fstatSync(old).nlink === 0) this.close();
      throw error;
    }
    if (old !== undefined) closeSync(old);
  }

  close(): void {
    const { descriptor: old } = this;
    this.descriptor = undefined;
    if (old !== undefined) closeSync(old);
  }

  private open(): number {
    if (this.mkdir) makeFolder(dirname(this.name));
    const fd = openSync(this.name, FLAGS, 0o666);
    let stat: Stats;
    try {
      stat = fstatSync(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.atomicBytes = atomicBytes(stat);
    return fd;
  }
}

/**
 * Creates a folder and those above it. Node's `recursive` does not serve: in a folder in which none
 * can be created, such as `/proc`, it tries for ever.
 */
function makeFolder(folder: string): void {
  for (const next of missingFolders(folder).toReversed()) {
    try {
      mkdirSync(next);
    } catch (error) {
      // Another process may have created it since.
      if (!existsSync(next)) throw error;
    }
  }
}

/** The folders of a path that do not exist, the innermost first. */
export function missingFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at) && at !== dirname(at); at = dirname(at)) missing.push(at);
  return missing;
}
