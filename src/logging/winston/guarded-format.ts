import type { Logform, Logger } from 'winston';
import { warnOnce } from '../../records/warnings.js';
import { defaultService } from '../../options/resolve-options.js';
import { SCOPE, type CapturedEntry } from './captured-entry.js';
import { entryMessage } from './entry-error.js';
import { jsonLine } from '../formats/json-format.js';
import { presetOf } from '../formats/presets.js';
import { isSelfContained } from '../formats/line-format.js';
import { addIds } from '../formats/trace-format.js';
import { MESSAGE } from './winston-symbols.js';

type Formatted = CapturedEntry | boolean;
type Transform = (entry: CapturedEntry, options: unknown) => Formatted;

const standard = presetOf(undefined);

/**
 * Stands faults of a logger's own format, and puts the ids on the entry before a format that does
 * not know them. Set as a property, so that a format which `configure()` brings is covered too.
 */
export function guardFormat(logger: Logger): void {
  let guarded = guardedFormat(logger.format, true);
  Object.defineProperty(logger, 'format', {
    configurable: true,
    enumerable: true,
    get: () => guarded,
    set: (format: Logform.Format) => {
      // `configure()` without a format sets the one it finds.
      if (format !== guarded) guarded = guardedFormat(format, true);
    },
  });
}

/**
 * A format that never throws: an entry that it fails on is still written, with level, message and
 * ids.
 *
 * @param isFirst whether it is the logger's own, which puts the ids on the entry.
 */
export function guardedFormat(format: Logform.Format, isFirst: boolean): Logform.Format {
  const transform = format.transform.bind(format) as unknown as Transform;
  const needsIds = isFirst && !isSelfContained(format);
  return Object.create(format, {
    transform: {
      value(entry: CapturedEntry, options: unknown): Formatted {
        try {
          if (needsIds) addIds(entry, standard);
          // `null` would end the logger's stream; a format that returns nothing means to drop.
          return transform(entry, options) ?? false;
        } catch (error) {
          warnOnce('TRACING_FORMAT_FAILED', 'a log format threw', error);
          return { ...entry, [MESSAGE]: lastResort(entry) };
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
  });
}
