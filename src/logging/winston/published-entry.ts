import type { Application } from '../../records/application.js';
import { readProperty } from '../../records/json-value.js';
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
const writers = new Map<string, (entry: CapturedEntry) => string>();

/** An entry as subscribers see it. What costs something is found when it is asked for. */
export class PublishedEntry implements LogRecord {
  readonly application: Application | undefined;
  readonly time: number;
  readonly level: string;
  readonly message: unknown;
  readonly trace: RequestRecord | undefined;
  readonly spanId: string | undefined;
  readonly fields: TraceFields | undefined;

  /** @param loggerApplication the application of the logger, for an entry outside of a request. */
  constructor(
    readonly entry: CapturedEntry,
    loggerApplication: Application | undefined,
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
    return entryMessage(this.entry);
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
    if (fields !== undefined) {
      for (const name of Object.keys(fields)) {
        if (!OWN_PROPERTIES.has(name) && !Object.hasOwn(entry, name)) visit(name, fields[name]);
      }
    }
    for (const name of Object.keys(entry)) {
      if (OWN_PROPERTIES.has(name)) continue;
      const value = readProperty(entry, name);
      if (error === undefined || !repeatsError(error, name, value)) visit(name, value);
    }
  }

  json(service = this.application?.service ?? ''): string {
    let write = writers.get(service);
    if (write === undefined) {
      write = jsonLine(presetOf(undefined), service);
      writers.set(service, write);
    }
    return write(this.entry);
  }
}
