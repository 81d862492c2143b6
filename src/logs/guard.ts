import type { Logform, Logger, transport as Transport } from 'winston';
import { warnOnce } from '../events/warning.js';
import { defaultService } from '../options/resolve-options.js';
import { INJECTED, SCOPE, type CapturedEntry } from './captured-entry.js';
import { entryMessage } from './entry-error.js';
import { jsonLine } from './json-format.js';
import { presetOf } from './presets.js';
import { isSelfContained } from './self-contained.js';
import { addIds } from './trace-format.js';
import { MESSAGE } from './winston-symbols.js';

type Formatted = CapturedEntry | boolean;
type Transform = (entry: CapturedEntry, options: unknown) => Formatted;

const standard = presetOf(undefined);

/**
 * Stands faults of a logger's own format, and puts the ids on the entry before a format that does
 * not know them. Set as a property, so that a format which `configure()` brings is covered too.
 */
export function guardFormat(logger: Logger): void {
  let guarded = guard(logger.format, true);
  Object.defineProperty(logger, 'format', {
    configurable: true,
    enumerable: true,
    get: () => guarded,
    set: (format: Logform.Format) => {
      guarded = guard(format, true);
    },
  });
}

/** Stands faults of a logger's transports and of their formats, also of those added later. */
export function guardTransports(logger: Logger): void {
  const seen = new WeakSet<object>();
  const guardNew = (): void => {
    for (const transport of logger.transports) {
      if (seen.has(transport)) continue;
      seen.add(transport);
      guardTransport(transport);
    }
  };
  const add = logger.add.bind(logger);
  logger.add = (transport) => {
    add(transport);
    guardNew();
    return logger;
  };
  guardNew();
}

function guardTransport(transport: Transport): void {
  if (transport.format !== undefined) transport.format = guard(transport.format, false);
  const { log } = transport;
  if (log === undefined) return;
  transport.log = function (entry: unknown, next: () => void): unknown {
    try {
      return log.call(this, entry, next);
    } catch (error) {
      warnOnce('TRACING_TRANSPORT_FAILED', 'a log transport threw', error);
      // A stream whose write is never called back writes nothing more, and the logger neither.
      if (isWriting(transport)) next();
      return undefined;
    }
  };
}

function isWriting(transport: Transport): boolean {
  const { _writableState: state } = transport as { _writableState?: { writing?: boolean } };
  return state?.writing !== false;
}

function guard(format: Logform.Format, isFirst: boolean): Logform.Format {
  const transform = format.transform.bind(format) as unknown as Transform;
  const needsIds = isFirst && !isSelfContained(format);
  return Object.create(format, {
    transform: {
      value(entry: CapturedEntry, options: unknown): Formatted {
        try {
          if (needsIds) addIds(entry, standard);
          return transform(entry, options);
        } catch (error) {
          warnOnce('TRACING_FORMAT_FAILED', 'a log format threw', error);
          entry[MESSAGE] = lastResort(entry);
          return entry;
        }
      },
    },
  }) as Logform.Format;
}

let fallback: ((entry: CapturedEntry) => string) | undefined;
const LAST_RESORT_LENGTH = 1000;

/** The line of an entry whose format failed: level, message and ids, as JSON. */
function lastResort(entry: CapturedEntry): string {
  fallback ??= jsonLine(standard, defaultService());
  return fallback({
    level: entry.level,
    message: entryMessage(entry).slice(0, LAST_RESORT_LENGTH),
    [SCOPE]: entry[SCOPE] ?? null,
    [INJECTED]: standard.ids,
  });
}
