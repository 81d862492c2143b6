import type { Application } from '../../records/application.js';
import { cutText } from '../../records/json-text.js';
import { JsonWriter } from '../../records/json-writer.js';
import { readProperty } from '../../records/json-value.js';
import { DEFAULT_LINE_LIMITS, type LineLimits } from '../../records/line-limits.js';
import { NameCache } from '../../records/name-cache.js';
import type { LogRecord } from '../../records/log-record.js';
import type { RequestRecord, TraceFields } from '../../records/request-record.js';
import { isAccessLogEntry } from '../../records/access-log-text.js';
import { jsonLine } from '../formats/json-format.js';
import { presetOf } from '../formats/presets.js';
import { CALLED_AT, SCOPE, type CapturedEntry } from './captured-entry.js';
import { entryError, entryMessage, repeatsError } from './entry-error.js';

/** The fields that a record holds by themselves. */
const OWN_PROPERTIES: ReadonlySet<string> = new Set(['level', 'message', 'context', 'timestamp']);

/** By the name of the service, of which a process has few. */
const MAX_SERVICES = 16;
/** With less room, no further field is visited. */
const MIN_BYTES = 64;
const standard = presetOf(undefined);
const writers = new NameCache<(entry: CapturedEntry) => string>(MAX_SERVICES);

/** An entry as subscribers see it. What costs something is found when it is asked for. */
export class PublishedEntry implements LogRecord {
  readonly application: Application | undefined;
  readonly time: number;
  readonly level: string;
  readonly message: unknown;
  readonly trace: RequestRecord | undefined;
  readonly spanId: string | undefined;
  readonly fields: TraceFields | undefined;

  /**
   * @param loggerApplication the application of the logger, for an entry outside of a request.
   * @param limits what may be told of the entry.
   */
  constructor(
    readonly entry: CapturedEntry,
    loggerApplication: Application | undefined,
    private readonly limits: LineLimits = DEFAULT_LINE_LIMITS,
  ) {
    const scope = entry[SCOPE] ?? undefined;
    this.application = scope === undefined ? loggerApplication : scope.trace.application;
    this.time = entry[CALLED_AT] ?? Date.now();
    this.level = entry.level;
    this.message = entry.message;
    this.trace = scope?.trace;
    this.spanId = scope?.spanId;
    this.fields = scope?.fields;
  }

  get text(): string {
    return entryMessage(this.entry, this.limits);
  }

  get error(): Error | undefined {
    return entryError(this.entry);
  }

  get context(): string | undefined {
    const context = readProperty(this.entry, 'context');
    return typeof context === 'string' ? context : undefined;
  }

  get isAccessLog(): boolean {
    return isAccessLogEntry(this.entry);
  }

  forEachField(visit: (name: string, value: unknown) => void): void {
    const { entry, fields, error } = this;
    const { redaction, maxBytes } = this.limits;
    let left = maxBytes;
    let writer: JsonWriter | undefined;
    for (let source: Readonly<Record<string, unknown>> = fields ?? entry; ; source = entry) {
      const isEntry = source === entry;
      for (const name of Object.keys(source)) {
        if (OWN_PROPERTIES.has(name) || name.length > left) continue;
        if (!isEntry && Object.hasOwn(entry, name)) continue;
        const value = readProperty(source, name);
        if (isEntry && error !== undefined && repeatsError(entry, error, name, value)) continue;
        const isObject = typeof value === 'object' && value !== null;
        if (isObject || redaction.paths !== undefined || redaction.hides(name, value)) {
          writer ??= new JsonWriter(redaction, 0, true);
          writer.left = left;
          const json = writer.member(name, value);
          if (json === undefined) continue;
          left -= json.length + name.length;
          visit(name, JSON.parse(json));
        } else {
          const isLong = typeof value === 'string' && value.length > left;
          left -= name.length + (typeof value === 'string' ? value.length : 8);
          visit(name, isLong ? (JSON.parse(cutText(value, maxBytes)) as string) : value);
        }
        if (left <= MIN_BYTES) return;
      }
      if (isEntry) return;
    }
  }

  json(service = this.application?.service ?? ''): string {
    if (writers.get(service) === undefined) {
      writers.keep(service, (own) => jsonLine(standard, own));
    }
    const write = writers.get(service) ?? jsonLine(standard, service);
    return write(this.entry);
  }
}
