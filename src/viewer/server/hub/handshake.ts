import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';

/** What a connection is for: the records of a process, or a request that is passed on. */
export type Purpose = 'records' | 'request';

/** A peer that has proved that it has the key. */
export interface ProvenPeer {
  readonly purpose: Purpose;
  /** The random name of its run. */
  readonly instance: string;
}

/** Until when both sides have proved that they have the key. */
export const HANDSHAKE_MS = 2000;
const MAX_LINE = 256;
const HELLO = /^nestjs-tracing ([0-9a-f]{32})$/;
const CHALLENGE = /^([0-9a-f]{32}) ([0-9a-f]{64})$/;
const ANSWER = /^([0-9a-f]{64}) (records|request) ([0-9a-f]{12})$/;

/**
 * Proves both sides of a new connection to each other, from the side of the owner. Each shows that
 * it has the key by an HMAC over the random numbers of both, so that the key itself is never sent.
 * What the peer sends after it stays on the socket.
 *
 * @throws {Error} for a peer that does not prove it in time.
 */
export function proveAsOwner(socket: Socket, key: string): Promise<ProvenPeer> {
  return inTime(socket, async () => {
    const theirs = matched(HELLO, await readLine(socket))[1]!;
    const ours = randomBytes(16).toString('hex');
    socket.write(`${ours} ${proofOf(key, 'owner', theirs, ours)}\n`);
    const [, proof, purpose, instance] = matched(ANSWER, await readLine(socket));
    checkProof(proof!, proofOf(key, 'member', ours, theirs));
    return { purpose: purpose as Purpose, instance: instance! };
  });
}

/**
 * The same from the side of the process that has connected.
 *
 * @throws {Error} for an owner that does not prove it in time.
 */
export function proveAsMember(socket: Socket, key: string, peer: ProvenPeer): Promise<void> {
  return inTime(socket, async () => {
    const ours = randomBytes(16).toString('hex');
    socket.write(`nestjs-tracing ${ours}\n`);
    const [, theirs, proof] = matched(CHALLENGE, await readLine(socket));
    checkProof(proof!, proofOf(key, 'owner', ours, theirs!));
    const answer = proofOf(key, 'member', theirs!, ours);
    socket.write(`${answer} ${peer.purpose} ${peer.instance}\n`);
  });
}

function proofOf(key: string, side: string, first: string, second: string): string {
  return createHmac('sha256', key).update(`${side} ${first} ${second}`).digest('hex');
}

function checkProof(proof: string, expected: string): void {
  if (timingSafeEqual(Buffer.from(proof), Buffer.from(expected))) return;
  throw new Error('the other process has another key');
}

function matched(pattern: RegExp, line: string): RegExpExecArray {
  const match = pattern.exec(line);
  if (match === null) throw new Error('the other process does not speak the protocol');
  return match;
}

/** Destroys the socket of a peer that has not proved itself. */
async function inTime<T>(socket: Socket, prove: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS).unref();
  try {
    return await prove();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Reads one short line. What follows it stays on the socket, which is paused. */
function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      socket.off('data', take).off('close', fail).pause();
      settle();
    };
    const fail = (): void => end(() => reject(new Error('the other process does not answer')));
    const take = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const at = read.indexOf('\n');
      if (at > MAX_LINE || (at === -1 && read.length > MAX_LINE)) return fail();
      if (at === -1) return;
      end(() => {
        if (at + 1 < read.length) socket.unshift(read.subarray(at + 1));
        resolve(read.toString('latin1', 0, at));
      });
    };
    if (socket.destroyed) return fail();
    socket.on('data', take).once('close', fail).resume();
  });
}
