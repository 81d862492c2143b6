import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { HANDSHAKE_MS } from './handshake.js';
import type { HubPlace } from './hub-place.js';

/** The socket at the place of a group, while this process owns it. */
export interface ClaimedSocket {
  readonly server: Server;
  /** Whether other processes still find this socket and this key at the place. */
  isIntact(): boolean;
  /** Leaves the place to another process. */
  release(): void;
}

/** Nothing listens there. A folder or a file is no socket on some systems, and refuses on others. */
const NO_OWNER = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EPROTOTYPE']);
const IS_PIPE = process.platform === 'win32';

/**
 * Connects to the process that owns the place, or takes the place where there is none.
 *
 * @returns `undefined` where another process took it at the same time: try again.
 * @throws {Error} for a place that can neither be reached nor taken.
 */
export async function connectOrClaim(place: HubPlace): Promise<Socket | ClaimedSocket | undefined> {
  const found = IS_PIPE ? undefined : statsOf(place.address);
  if (IS_PIPE || found?.isSocket() === true) {
    try {
      return await connectTo(place.address);
    } catch (error) {
      if (!NO_OWNER.has(codeOf(error))) throw error;
    }
  }
  return IS_PIPE ? claimPipe(place) : claimSocket(place, found);
}

/**
 * Connects to a socket or pipe.
 *
 * @throws {Error} with its code where nothing accepts in time.
 */
export function connectTo(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const timer = setTimeout(() => socket.destroy(new Error('it does not accept')), HANDSHAKE_MS);
    timer.unref();
    socket.once('connect', () => {
      clearTimeout(timer);
      // The end of the connection is what counts, whatever ended it.
      socket.off('error', reject).on('error', () => {});
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/**
 * The socket is made under a name of its own and then linked to the place, where only one process
 * can link: what closes a socket of Node removes the name that it was made with, not that of the
 * next owner.
 */
async function claimSocket(
  { address, keyFile }: HubPlace,
  stale: Stats | undefined,
): Promise<ClaimedSocket | undefined> {
  const draft = `${address}.${suffix()}`;
  const server = await listen(draft);
  const socket = statsOf(draft);
  const key = statsOf(keyFile);
  try {
    chmodSync(draft, 0o600);
    if (stale !== undefined) removeStale(address, stale);
    linkSync(draft, address);
  } catch (error) {
    server.close();
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    server,
    isIntact: () => isSame(statsOf(address), socket) && isSame(statsOf(keyFile), key),
    release() {
      server.close();
      if (isSame(statsOf(address), socket)) rmSync(address, { force: true });
    },
  };
}

async function claimPipe({ address, keyFile }: HubPlace): Promise<ClaimedSocket | undefined> {
  try {
    const server = await listen(address);
    const key = statsOf(keyFile);
    return {
      server,
      isIntact: () => isSame(statsOf(keyFile), key),
      release: () => void server.close(),
    };
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined;
    throw error;
  }
}

/** Removes what an owner that was killed has left, unless another process has replaced it by now. */
function removeStale(address: string, stale: Stats): void {
  const aside = `${address}.${suffix()}`;
  try {
    renameSync(address, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (!isSame(statsOf(aside), stale)) linkSync(aside, address);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: true });
    server.once('error', reject);
    // Exclusive: a worker of a cluster would otherwise share a socket of the primary process.
    server.listen({ path, exclusive: true }, () => {
      // A connection that cannot be accepted, as without a free descriptor, is no error of the server.
      server.off('error', reject).on('error', () => {});
      resolve(server.unref());
    });
  });
}

/** Nine characters with the dot that is put before it. */
function suffix(): string {
  return randomBytes(4).toString('hex');
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSame(one: Stats | undefined, other: Stats | undefined): boolean {
  return one?.ino === other?.ino && one?.mtimeMs === other?.mtimeMs;
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}
