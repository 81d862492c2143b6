import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** 192 random bits, in hexadecimal so that a double click selects all of it. */
const TOKEN_BYTES = 24;
const TOKEN = /^[0-9a-f]{48}$/;
const FILE = 'viewer-token';
/** Windows has no permission bits and no user ids: there, the folder's own access list applies. */
const HAS_PERMISSIONS = process.getuid !== undefined;
const OTHERS = 0o077;

/**
 * The token of a project. It is kept in the cache of the nearest `node_modules`, so that a restart
 * needs no new link; where there is none, or it cannot be written, in the cache of the user. Where it
 * cannot be kept at all, it is a new one; that is no error.
 *
 * @param from the folder from which `node_modules` is looked for, towards the root.
 */
export function projectToken(from: string): string {
  return tokenIn(() => cacheFolder(from)) ?? tokenIn(() => userFolder(from)) ?? newToken();
}

function tokenIn(folderOf: () => string | undefined): string | undefined {
  try {
    const folder = folderOf();
    return folder === undefined ? undefined : keptToken(join(folder, FILE));
  } catch {
    // A read-only or foreign folder, a full disk.
    return undefined;
  }
}

/** A folder for the token of a project in the cache of the user. */
function userFolder(project: string): string | undefined {
  const { XDG_CACHE_HOME: given = '', LOCALAPPDATA: local } = process.env;
  const cache = isAbsolute(given) ? given : (local ?? join(homedir(), '.cache'));
  const name = createHash('sha256').update(project).digest('hex').slice(0, 16);
  const all = join(cache, 'nestjs-tracing');
  const own = join(all, name);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  return [all, own].every((folder) => lstatSync(folder).isDirectory()) ? own : undefined;
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

/** The folder for the token, made where it is missing; `undefined` for a project without packages. */
function cacheFolder(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (statSync(packages, { throwIfNoEntry: false })?.isDirectory() === true) {
      const cache = join(packages, '.cache');
      mkdirSync(cache, { recursive: true });
      const own = join(cache, 'nestjs-tracing');
      mkdirSync(own, { recursive: true, mode: 0o700 });
      // A link could lead to any folder in which this user may write.
      return lstatSync(own).isDirectory() ? own : undefined;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** The secret in a file, or a new one that is now there; `undefined` where none can be kept. */
export function keptToken(file: string): string | undefined {
  const known = readToken(file);
  if (known !== undefined) return known;
  // Whatever else has this name: a damaged file, a link, a file of another user.
  rmSync(file, { recursive: true, force: true });
  const token = newToken();
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    // Of two processes that start at the same time, one makes the link, and both read its token.
    if (writeDraft(draft, token)) linkOnce(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return readToken(file);
}

/** Returns `false` where a file cannot be kept from others. */
function writeDraft(draft: string, token: string): boolean {
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    if (!isPrivate(fstatSync(descriptor))) return false;
    writeSync(descriptor, token);
    return true;
  } finally {
    closeSync(descriptor);
  }
}

function linkOnce(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** The token in a file that is this user's and that no other user may read or write. */
function readToken(file: string): string | undefined {
  let descriptor: number;
  try {
    // Neither follows a link nor waits for the other end of a named pipe. Windows has no such flags:
    // an `undefined` is 0 here.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    // It is missing, a link, or not readable for this user.
    return undefined;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || !isPrivate(stats)) return undefined;
    const bytes = Buffer.alloc(TOKEN_BYTES * 2 + 1);
    const text = bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
    return TOKEN.test(text) ? text : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file or folder is this user's, and no other user may use it. */
export function isPrivate({ uid, mode }: Stats): boolean {
  return !HAS_PERMISSIONS || (uid === process.getuid?.() && (mode & OTHERS) === 0);
}
