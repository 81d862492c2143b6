import { constants, fstatSync, lstatSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { access, copyFile, link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { STDIN } from './log-sources.js';
import { WrongUseError } from '../wrong-use.error.js';

const STDIN_FD = 0;
const STDOUT_FD = 1;
/** The name of standard output as a page. */
const STDOUT = '-';

/** @throws {WrongUseError} if standard output is a file that is read: it would never end. */
export function refuseOutputToSource(sources: readonly string[]): void {
  const output = statOf(STDOUT_FD);
  if (output?.isFile() && sources.some((name) => isSame(output, statOfSource(name)))) {
    throw new WrongUseError(
      'standard output goes to one of the files to read; write to another file',
    );
  }
}

/**
 * The file of a page. It never takes the place of a file that is read, and of no other one without
 * `--force`. The page is written beside it first, so a failure leaves what was there.
 */
export class PageFile {
  private constructor(
    private readonly name: string,
    private readonly sources: readonly string[],
    private readonly isForced: boolean,
    private readonly kind: 'file' | 'standard output' | 'device',
  ) {}

  /** @throws {WrongUseError} if the page may not have that name. */
  static async open(
    name: string,
    sources: readonly string[],
    isForced: boolean,
  ): Promise<PageFile> {
    const page = new PageFile(name, sources, isForced, kindOf(name));
    if (page.kind === 'standard output') refuseOutputToSource(sources);
    if (page.kind === 'file') {
      page.refuseTaken();
      // Before the log is read, which may take long.
      await access(dirname(name), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
        throw Object.assign(error, { path: name });
      });
    }
    return page;
  }

  /** Writes the parts of a page. */
  async write(parts: Iterable<string>): Promise<void> {
    if (this.kind === 'standard output') return writeToStdout(parts);
    if (this.kind === 'device') return writeParts(await open(this.name, 'w'), parts);
    const draft = join(dirname(this.name), `.${basename(this.name)}.${process.pid}.tmp`);
    const handle = await open(draft, 'wx');
    try {
      await writeParts(handle, parts);
      await this.publish(draft);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Gives the finished page its name. Another process may have taken it since the log was read. */
  private async publish(draft: string): Promise<void> {
    this.refuseTaken();
    if (this.isForced) return rename(draft, targetOf(this.name));
    try {
      await link(draft, this.name);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw this.exists();
      // A file system without hard links.
      await copyFile(draft, this.name, constants.COPYFILE_EXCL);
    }
  }

  private refuseTaken(): void {
    const existing = statOf(this.name);
    if (existing !== undefined) {
      if (this.sources.some((source) => isSame(existing, statOfSource(source)))) {
        throw new WrongUseError(
          `${this.name} is one of the files to read, so the page cannot be written there. Name another file for the page: --html out.html ${this.name}`,
        );
      }
      if (existing.isDirectory()) throw new WrongUseError(`${this.name} is a directory`);
    }
    // Also a symbolic link to nothing.
    const isTaken = lstatSync(this.name, { throwIfNoEntry: false }) !== undefined;
    if (isTaken && !this.isForced) throw this.exists();
  }

  private exists(): WrongUseError {
    const hint = this.sources.every((source) => source === STDIN)
      ? `. If that is the log: --html out.html ${this.name}`
      : '';
    return new WrongUseError(`${this.name} exists; --force replaces it${hint}`);
  }
}

function kindOf(name: string): 'file' | 'standard output' | 'device' {
  if (name === STDOUT) return 'standard output';
  const stats = statOf(name);
  if (stats === undefined || stats.isDirectory()) return 'file';
  if (isSame(stats, statOf(STDOUT_FD)) && /^\/(?:dev|proc)\//.test(name)) return 'standard output';
  return stats.isFile() ? 'file' : 'device';
}

/** A link keeps its name and gets the page where it points to. */
function targetOf(name: string): string {
  return statOf(name) === undefined ? name : realpathSync(name);
}

function statOfSource(name: string): BigIntStats | undefined {
  return statOf(name === STDIN ? STDIN_FD : name);
}

/** `undefined` for what is not there, or cannot be looked at: then it cannot be read either. */
function statOf(file: string | number): BigIntStats | undefined {
  try {
    return typeof file === 'number'
      ? fstatSync(file, { bigint: true })
      : statSync(file, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) return undefined;
    throw error;
  }
}

/** Whether two names are of one file, through whatever links. */
function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return other !== undefined && one.dev === other.dev && one.ino === other.ino && one.ino !== 0n;
}

async function writeParts(handle: FileHandle, parts: Iterable<string>): Promise<void> {
  try {
    for (const part of parts) await handle.appendFile(part);
  } finally {
    await handle.close();
  }
}

async function writeToStdout(parts: Iterable<string>): Promise<void> {
  for (const part of parts) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(part, (error) => (error ? reject(error) : resolve()));
    });
  }
}
