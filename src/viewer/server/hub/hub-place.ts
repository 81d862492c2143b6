import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPrivate, keptToken } from '../token-file.js';

/** Where the processes of one group meet. */
export interface HubPlace {
  /** A Unix socket; on Windows, a named pipe. */
  readonly address: string;
  /** Proves that a process is of this user. It never leaves the process. */
  readonly key: string;
  readonly keyFile: string;
}

/** Processes with different versions of this protocol do not meet. */
const PROTOCOL = 'v1';
/** The shortest limit of all systems is macOS's, with the byte that ends the text. */
const MAX_ADDRESS_BYTES = 103;
/** A draft of a socket has a longer name until it is in its place. */
const DRAFT_SUFFIX_BYTES = 10;

/**
 * The place where the processes of a group meet: a folder that this user alone may use, in the
 * folder for temporary files. It is made where it is missing.
 *
 * @param group processes with the same one meet.
 * @throws {Error} where there can be no such place.
 */
export function hubPlace(group: string, temporary: string): HubPlace {
  const folder = hubFolder(temporary);
  const keyFile = join(folder, 'hub-key');
  const key = keptToken(keyFile);
  if (key === undefined) throw new Error(`${keyFile} cannot be kept from other users`);
  const name = createHash('sha256').update(`${PROTOCOL} ${group}`).digest('hex').slice(0, 16);
  if (process.platform === 'win32') {
    const user = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return { address: `\\\\.\\pipe\\nestjs-tracing-${user}-${name}`, key, keyFile };
  }
  const address = join(folder, `${name}.sock`);
  if (Buffer.byteLength(address) + DRAFT_SUFFIX_BYTES > MAX_ADDRESS_BYTES) {
    throw new Error(`the path ${address} is too long for a socket`);
  }
  return { address, key, keyFile };
}

/**
 * The token that opens the shared viewer of this user: one for all processes, whichever project they
 * are of. `undefined` where it cannot be kept.
 *
 * @throws {Error} where there can be no folder for it.
 */
export function hubToken(temporary: string): string | undefined {
  return keptToken(join(hubFolder(temporary), 'viewer-token'));
}

function hubFolder(temporary: string): string {
  const folder = join(temporary, `nestjs-tracing-${process.getuid?.() ?? 'user'}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stats = lstatSync(folder);
  // A link could lead to any folder, and the folder of another user may have been there before.
  if (stats.isDirectory() && isPrivate(stats)) return folder;
  throw new Error(`${folder} is no folder that this user alone may use`);
}
