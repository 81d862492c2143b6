import { isIPv4, isIPv6 } from 'node:net';
import { types } from 'node:util';
import { checkFunctionOr, checkKeys, checkRecord } from './check-value.js';
import { TRACING } from './option-places.js';
import { shownValue } from './shown-value.js';
import { guardCallback } from './guard-callback.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import type { TracingModuleOptions } from './tracing-options.js';

/** A host name or IPv4 address, perhaps below a `*.`; no scheme, port or path. */
const HOST = /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/;

type IsTrustedHost = (host: string) => boolean;

/**
 * Resolves which hosts get request and session ids: loopback, and those that the application names.
 * `undefined` where calls carry no headers.
 *
 * @throws {TracingConfigError} for what no host can match, such as a URL.
 */
export function trustedHosts(
  outgoing: TracingModuleOptions['outgoing'],
): IsTrustedHost | undefined {
  const isNamed = namedHosts(outgoing);
  return isNamed && ((host) => isLoopback(host) || isNamed(host));
}

/**
 * Resolves which hosts the application names as its own. A proxy has to be one of them: on loopback
 * it forwards what it reads, so that its address says nothing about who reads it.
 *
 * @throws {TracingConfigError} for what no host can match, such as a URL.
 */
export function namedHosts(outgoing: TracingModuleOptions['outgoing']): IsTrustedHost | undefined {
  if (outgoing === false) return undefined;
  if (outgoing === undefined) return none;
  checkRecord('outgoing', outgoing);
  checkKeys(TRACING.outgoing, outgoing);
  const { trusted } = outgoing;
  checkFunctionOr('outgoing.trusted', trusted, 'array');
  if (trusted === undefined) return none;
  if (typeof trusted === 'function') {
    const guarded = guardCallback('outgoing.trusted', trusted);
    return (host) => guarded(host) === true;
  }
  const matchers = trusted.map(matcherOf);
  return (host) => matchers.some((matches) => matches(host));
}

function none(): boolean {
  return false;
}

function matcherOf(pattern: unknown): IsTrustedHost {
  // `search` leaves the state of a global or sticky pattern alone.
  if (types.isRegExp(pattern)) return (host) => host.search(pattern) !== -1;
  if (typeof pattern !== 'string' || !(HOST.test(pattern) || isIPv6(pattern))) {
    throw new TracingConfigError(
      'INVALID_TRUSTED_HOST',
      `\`outgoing.trusted\` holds ${shownValue('outgoing.trusted', pattern)}, which is not a host name.`,
      "name hosts without scheme, port and path, as in `trusted: ['*.internal.example']`.",
    );
  }
  const name = pattern.toLowerCase();
  if (!name.startsWith('*.')) return (host) => host === name;
  const suffix = name.slice(1);
  return (host) => host.length > suffix.length && host.endsWith(suffix);
}

/**
 * Whether a host is this machine.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host.endsWith('.localhost') ||
    (host.startsWith('127.') && isIPv4(host))
  );
}
