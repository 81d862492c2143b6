import type { ServerResponse } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';

const RESPONSE = definePatch({
  package: 'node',
  target: 'writeHead, setHeader and appendHeader of single responses',
  gives: "the request's own ids in a response to which a proxy copies those of another",
  without: 'a proxy may answer with the ids of the server behind it',
  why: 'Node has no hook for the head of a response, and the proxy sets it last',
});

type HeaderValue = Parameters<ServerResponse['setHeader']>[1];

/** The methods that set headers, with all that `writeHead` may be given. */
interface GuardedMethods {
  writeHead(this: ServerResponse, status: number, ...rest: unknown[]): ServerResponse;
  setHeader(this: ServerResponse, name: string, value: HeaderValue): ServerResponse;
  appendHeader(
    this: ServerResponse,
    name: string,
    value: string | readonly string[],
  ): ServerResponse;
}

/** Values that a header of one response must not have. */
interface ForeignIds {
  /** By the lower-case name of the header. */
  readonly headers: Map<string, { readonly own: string; readonly foreign: Set<string> }>;
}

/** By response. */
const guarded = new WeakMap<ServerResponse, ForeignIds>();

/**
 * Keeps the value of a header that a response has from becoming that of another request: one which
 * the server behind a proxy answered with, or which a caller sent that is not trusted. Any other
 * value that the application sets is sent.
 *
 * The methods are replaced on the response itself: only requests to which this happens pay for it.
 */
export function keepHeader(response: ServerResponse, name: string, foreign: string): void {
  if (response.headersSent) return;
  const own = response.getHeader(name);
  if (typeof own !== 'string' || own === foreign) return;
  const { headers } = guarded.get(response) ?? guard(response);
  const key = name.toLowerCase();
  const known = headers.get(key);
  if (known === undefined) headers.set(key, { own, foreign: new Set([foreign]) });
  else if (known.own !== foreign) known.foreign.add(foreign);
}

function guard(response: ServerResponse): ForeignIds {
  const ids: ForeignIds = { headers: new Map() };
  guarded.set(response, ids);
  const ownOf = (name: unknown, value: unknown): string | undefined => {
    const known = ids.headers.get(String(name).toLowerCase());
    if (known === undefined) return undefined;
    const values = Array.isArray(value) ? value : [value];
    return values.some((item) => known.foreign.has(String(item))) ? known.own : undefined;
  };
  RESPONSE.noteApplied();
  const { writeHead, setHeader, appendHeader }: GuardedMethods = response;
  const methods: GuardedMethods = {
    setHeader(name, value) {
      return setHeader.call(this, name, ownOf(name, value) ?? value);
    },
    appendHeader(name, value) {
      const own = ownOf(name, value);
      if (own === undefined) return appendHeader.call(this, name, value);
      return this.hasHeader(name) ? this : setHeader.call(this, name, own);
    },
    writeHead(status, ...rest) {
      const last = rest.length - 1;
      rest[last] = withOwn(rest[last], ownOf);
      return writeHead.call(this, status, ...rest);
    },
  };
  Object.assign(response, methods);
  return ids;
}

/** The headers of `writeHead`: an object, a list of names and values, or one of pairs. */
function withOwn(
  headers: unknown,
  ownOf: (name: unknown, value: unknown) => string | undefined,
): unknown {
  if (typeof headers !== 'object' || headers === null) return headers;
  if (!Array.isArray(headers)) {
    const replaced = { ...(headers as Record<string, unknown>) };
    for (const [name, value] of Object.entries(replaced)) {
      replaced[name] = ownOf(name, value) ?? value;
    }
    return replaced;
  }
  if (Array.isArray(headers[0])) {
    return (headers as [unknown, unknown][]).map(([name, value]) => [
      name,
      ownOf(name, value) ?? value,
    ]);
  }
  return headers.map((item: unknown, i) =>
    i % 2 === 0 ? item : (ownOf(headers[i - 1], item) ?? item),
  );
}
