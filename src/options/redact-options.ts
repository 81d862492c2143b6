import {
  DEFAULT_REDACTION,
  NO_REDACTION,
  Redaction,
  type PathNode,
  type Replacement,
} from '../records/redaction.js';
import { DEFAULT_MAX_ENTRY_BYTES, type LineLimits } from '../records/line-limits.js';
import { plainName } from '../records/secret-names.js';
import { TracingConfigError } from '../records/tracing-config.error.js';
import {
  checkFunctionOr,
  checkKeys,
  checkOneOf,
  checkRecord,
  invalid,
  ownedBy,
} from './check-value.js';
import { PRESET_NAMES, type PresetName } from '../records/field.js';
import { TRACING, type OptionPlace } from './option-places.js';

/**
 * Which values are not written to the log, beside those whose names say that they are secrets:
 * `password`, `passwd`, `secret`, `token`, `authorization`, `cookie`, `set-cookie`, `apiKey`,
 * `private_key`, `session-key` and their other spellings, at any depth.
 *
 * @publicApi
 *
 * @example
 * redact: { keys: ['iban'], paths: ['user.card.*', 'items[*].pan', 'headers["x-tenant"]'] }
 */
export interface RedactOptions {
  /** Further names, at any depth. Case and separators do not count: `iban` is `IBAN` too. */
  keys?: readonly string[] | undefined;
  /**
   * Places, as in pino: names with dots, `["a-b"]` for a name with other characters, `*` or `[*]` for
   * any one name or index. They begin at the fields of an entry, under the names of the standard
   * JSON, whatever the preset. The ids, level, message and time of a line are no such fields.
   */
  paths?: readonly string[] | undefined;
  /**
   * What is written instead. A function gets the value and the names that lead to it, as in
   * `['user', 'password']`; where it returns `undefined`, the field is left out, and where it throws,
   * it is `[redacted]`. It is called for each such value of each line. Default: `[redacted]`.
   */
  replace?: Replacement | undefined;
}

/**
 * What both the module and its formats take, to limit what a line holds.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({ redact: { keys: ['iban'] }, maxEntryBytes: 262_144 })
 */
export interface LineLimitOptions {
  /**
   * Which values are not written, here or to other transports, subscribers, exporters and the trace
   * viewer. `false`: all are. The text of a message is never changed. Default: values whose names say
   * that they are secrets.
   *
   * @example
   * redact: { keys: ['iban'], paths: ['user.card.*', 'items[*].pan'] }
   */
  redact?: false | RedactOptions | undefined;
  /**
   * How many bytes of UTF-8 a line has at most, with its newline: 1,000 to 16,777,216. What is beyond
   * is cut, so that the line stays valid JSON and says so: `truncated` is `true`. Ids, level and time
   * stay, as do the start of the message, the error and the fields of the access log line. Default:
   * 65,536.
   */
  maxEntryBytes?: number | undefined;
}

const MIN_BYTES = 1000;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The limits of lines; `undefined` for an option that is not given.
 *
 * @throws {TracingConfigError} for a wrong option.
 */
export function lineLimits({ redact, maxEntryBytes }: LineLimitOptions): Partial<LineLimits> {
  return {
    ...(maxEntryBytes !== undefined && { maxBytes: checkedBytes(maxEntryBytes) }),
    ...(redact !== undefined && { redaction: compileRedaction(redact) }),
  };
}

/**
 * The limits of a format, whose options are checked.
 *
 * @throws {TracingConfigError} for a wrong option.
 */
export function formatLimits(
  place: OptionPlace,
  options: LineLimitOptions,
  preset?: PresetName,
): Partial<LineLimits> {
  return ownedBy(place.owner, () => {
    checkRecord('options', options);
    checkKeys(place, options);
    checkOneOf('preset', preset, PRESET_NAMES);
    return lineLimits(options);
  });
}

/** Limits that are not all given, and those that hold instead. */
export function completeLimits(own: Partial<LineLimits>, others?: LineLimits): LineLimits {
  return {
    maxBytes: own.maxBytes ?? others?.maxBytes ?? DEFAULT_MAX_ENTRY_BYTES,
    redaction: own.redaction ?? others?.redaction ?? DEFAULT_REDACTION,
  };
}

function checkedBytes(value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= MIN_BYTES && Number(value) <= MAX_BYTES) {
    return Number(value);
  }
  throw invalid('maxEntryBytes', value, 'a whole number of bytes from 1,000 to 16,777,216');
}

function compileRedaction(redact: unknown): Redaction {
  if (redact === false) return NO_REDACTION;
  checkRecord('redact', redact);
  const { keys, paths, replace } = redact as RedactOptions;
  checkKeys(TRACING.redact, Object(redact) as object);
  checkNames('redact.keys', keys);
  checkNames('redact.paths', paths);
  checkFunctionOr('redact.replace', replace, 'string');
  const names = new Set(keys?.map((key) => plainKey(key)));
  const tree = paths === undefined || paths.length === 0 ? undefined : newNode();
  for (const path of paths ?? []) addPath(tree, readPath(path));
  return new Redaction(true, names, tree, replace);
}

function plainKey(key: string): string {
  const plain = plainName(key);
  // A name without a Latin letter or digit has nothing but what is left out.
  return plain === '' ? key : plain;
}

function checkNames(name: string, value: unknown): void {
  if (value === undefined) return;
  const isList =
    Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '');
  if (!isList) throw invalid(name, value, 'a list of non-empty strings');
}

const ANY = Symbol('any');
type Segment = string | typeof ANY;

function newNode(): PathNode {
  return { children: new Map(), any: undefined, isEnd: false };
}

function addPath(root: PathNode | undefined, segments: readonly Segment[]): void {
  let node = root;
  if (node === undefined) return;
  for (const segment of segments) {
    let next: PathNode | undefined = segment === ANY ? node.any : node.children.get(segment);
    if (next === undefined) {
      next = newNode();
      if (segment === ANY) node.any = next;
      else node.children.set(segment, next);
    }
    node = next;
  }
  node.isEnd = true;
}

/** A name, `*`, `[0]`, `[*]`, `["a-b"]` or `['a-b']`, with the dot that a name needs behind another. */
const SEGMENT = /(?:(^|\.)([^\s.[\]*"'`]+|\*)|\.?\[(?:(\*|\d+)|"([^"]+)"|'([^']+)'|`([^`]+)`)\])/y;

/** The segments of a path, as pino has them. */
function readPath(path: string): readonly Segment[] {
  const segments: Segment[] = [];
  SEGMENT.lastIndex = 0;
  while (SEGMENT.lastIndex < path.length) {
    const at = SEGMENT.lastIndex;
    const found = SEGMENT.exec(path);
    if (found === null || (at === 0 && path.startsWith('.'))) {
      throw new TracingConfigError(
        'INVALID_REDACT_PATH',
        `\`redact.paths\` holds \`${path.slice(0, 100)}\`, which is not a path from character ${at + 1} on.`,
        'write names with dots, `["a-b"]` for a name with other characters, and `*` for any one name, as in `user.card.*` and `items[*].pan`.',
      );
    }
    const [, , name, index, ...quoted] = found;
    const text = name ?? index ?? quoted.find((part) => part !== undefined) ?? '';
    segments.push((name ?? index) === '*' ? ANY : text);
  }
  return segments;
}
