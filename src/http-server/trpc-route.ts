import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestedUrl } from '../records/requested-url.js';

// tRPC answers all of its procedures with one function or one route, and shows nothing of its router
// to the application around it. A path is text of the caller: it is the name of a procedure once tRPC
// has answered it with success, which it does for no other name.

/** The maximum number of procedures whose names are kept. */
const MAX_PROCEDURES = 1_000;

/** What the names of procedures look like; longer ones are not kept. */
const PROCEDURE = /^[\w$-]+(?:[./][\w$-]+)*$/;
const MAX_LENGTH = 128;

/** The route of a procedure whose name is not known, and of a batch of several. */
const ANY_PROCEDURE = ':procedure';
const BATCH = ':batch';

/** The routes of procedures that have answered. */
const routes = new Set<string>();

/** Whether tRPC has answered a request: every response of its handlers varies by its own header. */
export function isOfTrpc(response: ServerResponse): boolean {
  const vary = response.getHeader('vary');
  return vary !== undefined && /(?:^|[\s,])trpc-accept(?:$|[\s,])/i.test(String(vary));
}

/**
 * The route of a request that tRPC has answered: `/trpc/user.byId`. Procedures that have not
 * succeeded yet, and names of no procedure, are `/trpc/:procedure`; a batch of several is
 * `/trpc/:batch`, as there are as many combinations as callers like.
 *
 * @param mount where the handler is: the template of a mount, or Fastify's `/trpc/:path`.
 * @see https://trpc.io/docs/rpc
 */
export function trpcRoute(
  mount: string,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
): string {
  const base = mount.replace(/\/(?::[^/]*|\{?\*[^/]*)?$/, '');
  const [path = '', query = ''] = requestedUrl(request).split('?', 2);
  const names = namesIn(path.slice(path.lastIndexOf('/') + 1), query);
  if (names === undefined) return `${base}/${ANY_PROCEDURE}`;
  const isProven = status >= 200 && status < 300 && status !== 207 && isWhole(request, response);
  for (const name of names) {
    const route = `${base}/${name}`;
    if (routes.has(route)) continue;
    if (!isProven || routes.size >= MAX_PROCEDURES) return `${base}/${ANY_PROCEDURE}`;
    routes.add(route);
  }
  return names.size === 1 ? `${base}/${[...names][0]}` : `${base}/${BATCH}`;
}

/** The procedures that a request names; `undefined` where a name cannot be one. */
function namesIn(encoded: string, query: string): ReadonlySet<string> | undefined {
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  const isBatch = new URLSearchParams(query).get('batch') === '1';
  const names = isBatch ? path.split(',') : [path];
  const isName = (name: string): boolean => name.length <= MAX_LENGTH && PROCEDURE.test(name);
  return names.every(isName) ? new Set(names) : undefined;
}

/** A response that is streamed begins with a 200 before any procedure is looked up. */
function isWhole({ headers }: IncomingMessage, response: ServerResponse): boolean {
  const accepted = `${String(headers['trpc-accept'])},${String(headers.accept)}`;
  return (
    /^application\/json\b/i.test(String(response.getHeader('content-type'))) &&
    !/jsonl/i.test(accepted)
  );
}
