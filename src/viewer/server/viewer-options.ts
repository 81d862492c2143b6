import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import {
  checkBoolean,
  checkFunctionOr,
  checkKeys,
  checkRecord,
  invalid,
  ownedBy,
} from '../../options/check-value.js';
import { VIEWER } from '../../options/option-places.js';
import { shownValue } from '../../options/shown-value.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';

/** Decides whether a request may see the page and send to it. */
export type AuthorizeViewer = (request: IncomingMessage) => boolean | Promise<boolean>;

/** What {@link TraceViewerModule.forRoot} takes. */
export interface TraceViewerOptions {
  /** Where the page is, outside any global prefix. Default: `/_traces`. */
  path?: string | undefined;
  /**
   * Called for each request to the page, also for what other services send, in the place of the
   * token: only `true`, or a promise of it, lets the request in. Needed where `NODE_ENV` is anything
   * but `development`, `test` or unset. Default: who has followed the link that the process prints
   * at its start.
   */
  authorize?: AuthorizeViewer | undefined;
  limits?: ViewerLimits | undefined;
  /**
   * Lets the processes of a cluster, of PM2 and of this machine meet on one page: each of their pages
   * then shows the requests and lines of all, and log levels that are set on it are set in all. The
   * processes of one user meet, through a socket in the folder for temporary files that this user
   * alone may use; with `authorize`, only those that run in the same folder do. Where they cannot
   * meet, each has a page of its own, and a warning says why. Default: `false`.
   *
   * @example
   * TraceViewerModule.forRoot({ shared: true })
   */
  shared?: boolean | undefined;
  /**
   * Keeps the records in a folder, so that they survive a restart: a path, from the working directory
   * of the process, or {@link ViewerKeep}. A process that is killed loses the last second at most. The
   * folder is made where it is missing, for this user alone, with a `.gitignore`. Several processes
   * may have the same one; each shows what others had recorded that have ended. Where it cannot be
   * written, there is a warning, `TRACING_VIEWER_NOT_KEPT`. Default: they are in memory only.
   *
   * @example
   * TraceViewerModule.forRoot({ keep: '.traces' })
   */
  keep?: string | ViewerKeep | undefined;
}

/** Where the trace viewer keeps its records, and how many. The oldest are removed. */
export interface ViewerKeep {
  /** A path, from the working directory of the process. */
  folder: string;
  /** Bytes on the disk, of all processes together. Default: 64 MiB. */
  bytes?: number | undefined;
  /** Milliseconds for which they are kept. Default: 7 days. */
  maxAgeMs?: number | undefined;
}

/** What the trace viewer may keep and receive. Records beyond that are dropped and counted. */
export interface ViewerLimits {
  /** Requests, messages, jobs and runs that are kept. Default: 5,000. */
  requests?: number | undefined;
  /** Log lines that are kept. Default: 50,000. */
  lines?: number | undefined;
  /** Bytes of memory for all that is kept. Default: 64 MiB. */
  bytes?: number | undefined;
  /**
   * Requests that are recorded in a second, with all their lines. Of those beyond, all that fail, are
   * aborted or are slow are recorded too: up to 2,000 a second, with 10,000 lines. Default: 100.
   */
  requestsPerSecond?: number | undefined;
  /** Lines that are recorded in a second. Default: 2,000. */
  linesPerSecond?: number | undefined;
  /** A request that takes more milliseconds is slow. Default: 500. */
  slowerThan?: number | undefined;
  /** Bytes in a body that another service sends, unpacked. Default: 4 MiB. */
  bodyBytes?: number | undefined;
  /** Pages that are open at the same time. Default: 20. */
  pages?: number | undefined;
}

/** {@link TraceViewerOptions} with defaults. */
export interface ResolvedViewerOptions {
  readonly path: string;
  readonly authorize: AuthorizeViewer | undefined;
  readonly shared: boolean;
  readonly limits: Readonly<Record<keyof ViewerLimits, number>>;
  readonly keep: ResolvedKeep | undefined;
}

/** {@link ViewerKeep} with defaults. */
export type ResolvedKeep = Readonly<Record<'bytes' | 'maxAgeMs', number>> & {
  readonly folder: string;
};

const DISK_BYTES = 64 * 1024 * 1024;
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;

const DEFAULT_LIMITS: ResolvedViewerOptions['limits'] = {
  requests: 5000,
  lines: 50_000,
  bytes: 64 * 1024 * 1024,
  requestsPerSecond: 100,
  linesPerSecond: 2000,
  slowerThan: 500,
  bodyBytes: 4 * 1024 * 1024,
  pages: 20,
};

/**
 * Segments of unreserved characters (RFC 3986, section 2.3), so that a path is written in one way;
 * none of dots alone, which clients take away.
 */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/**
 * Checks what the user wrote.
 *
 * @throws {TracingConfigError} for the first thing that is wrong.
 */
export function resolveViewerOptions(options: TraceViewerOptions): ResolvedViewerOptions {
  return ownedBy(VIEWER[''].owner, () => checkedOptions(options));
}

function checkedOptions(options: TraceViewerOptions): ResolvedViewerOptions {
  checkKeys(VIEWER[''], options);
  const { path = '/_traces', authorize, limits = {}, shared = false } = options;
  checkFunctionOr('authorize', authorize);
  checkBoolean('shared', shared);
  checkRecord('limits', limits);
  checkKeys(VIEWER.limits, limits);
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw new TracingConfigError(
      'INVALID_VIEWER_PATH',
      `\`path\` is ${shownValue('path', path)}, which is not the path of a page.`,
      "begin it with a slash and end it without one, as in `path: '/_traces'`; use letters, digits and `. _ ~ -`.",
    );
  }
  for (const [name, limit] of Object.entries(limits)) {
    if (limit !== undefined && !(Number.isFinite(limit) && limit >= 1)) {
      throw invalid(`limits.${name}`, limit, 'a finite number, 1 or more');
    }
  }
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  const keep = resolveKeep(options.keep);
  return {
    path,
    authorize,
    shared,
    limits: { ...DEFAULT_LIMITS, ...Object.fromEntries(given) },
    keep,
  };
}

function resolveKeep(keep: TraceViewerOptions['keep']): ResolvedKeep | undefined {
  if (keep === undefined) return undefined;
  checkRecord('keep', typeof keep === 'string' ? { folder: keep } : keep);
  const given = typeof keep === 'string' ? { folder: keep } : keep;
  checkKeys(VIEWER.keep, given);
  const { folder, bytes = DISK_BYTES, maxAgeMs = MAX_AGE_MS } = given;
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw invalid('keep', keep, "a folder, as in `keep: '.traces'`");
  }
  for (const [name, limit] of Object.entries({ bytes, maxAgeMs })) {
    if (!(Number.isFinite(limit) && limit >= 1)) {
      throw invalid(`keep.${name}`, limit, 'a finite number, 1 or more');
    }
  }
  return { folder: resolve(folder), bytes, maxAgeMs };
}

/** The values of `NODE_ENV` for which the token is enough. An empty one is as good as none. */
const DEVELOPMENT: ReadonlySet<string | undefined> = new Set([
  undefined,
  '',
  'development',
  'test',
]);

/**
 * A production log must not be open to everyone who finds the token. Environments have many names,
 * so only those of development are known.
 *
 * @throws {TracingConfigError} outside development without `authorize`.
 */
export function refuseOpenProduction({ authorize }: ResolvedViewerOptions): void {
  const environment = process.env['NODE_ENV'];
  if (authorize !== undefined || DEVELOPMENT.has(environment)) return;
  throw new TracingConfigError(
    'VIEWER_IN_PRODUCTION',
    `NODE_ENV is ${JSON.stringify(environment)}, and \`authorize\` is not given, so anyone with the link could read the log.`,
    'import TraceViewerModule only where NODE_ENV is `development`, `test` or unset, or give `authorize: (request) => boolean`.',
    VIEWER[''].owner,
  );
}
