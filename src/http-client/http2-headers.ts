import type { HeadersToSend } from '../trace/copied-headers.js';

/** A copy of the headers of a call through `node:http2`. What the caller has given stays as it is. */
export interface CopiedHeaders extends HeadersToSend {
  /** What is sent, in the form of the original. */
  readonly headers: object;
  add(this: void, name: string, value: string): void;
}

/** What HTTP/2 lets a value consist of; another would end the whole call. */
const VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Copies headers: an object, a list of names and values (from Node 22 on), or none. `undefined` for
 * anything else, which Node refuses.
 */
export function copyHeaders(given: unknown): CopiedHeaders | undefined {
  if (Array.isArray(given)) return copyList(given);
  if (given !== undefined && (typeof given !== 'object' || given === null)) return undefined;
  // With its symbols: one marks the headers that are sensitive.
  const headers: Record<string, unknown> = { __proto__: null, ...given };
  const namesLike = (name: string): string[] =>
    Object.keys(headers).filter((key) => isNamed(key, name));
  return {
    headers,
    get: (name) => joined(namesLike(name).map((key) => headers[key])),
    remove(name) {
      for (const key of namesLike(name)) delete headers[key];
    },
    add(name, value) {
      if (VALUE.test(value)) headers[name] = value;
    },
  };
}

function copyList(given: readonly unknown[]): CopiedHeaders {
  const headers = [...given];
  for (const key of Object.getOwnPropertySymbols(given)) {
    Reflect.set(headers, key, Reflect.get(given, key));
  }
  return {
    headers,
    get(name) {
      const values = headers.filter((_value, i) => i % 2 === 1 && isNamed(headers[i - 1], name));
      return joined(values);
    },
    remove(name) {
      for (let i = headers.length - 2; i >= 0; i -= 2) {
        if (isNamed(headers[i], name)) headers.splice(i, 2);
      }
    },
    add(name, value) {
      if (VALUE.test(value)) headers.push(name, value);
    },
  };
}

function isNamed(given: unknown, name: string): boolean {
  return typeof given === 'string' && given.toLowerCase() === name;
}

/** Node leaves out values that are `undefined` or `null`. */
function joined(values: readonly unknown[]): string | undefined {
  const sent = values.flat().filter((value) => value !== undefined && value !== null);
  return sent.length === 0 ? undefined : sent.map(String).join(', ');
}
