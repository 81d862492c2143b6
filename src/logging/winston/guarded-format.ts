import type { Logform, Logger } from 'winston';
import { definePatch } from '../../instrumentation/patch.js';
import { warnOnce } from '../../records/warnings.js';
import { defaultService } from '../../options/service-name.js';
import { SCOPE, type CapturedEntry } from './captured-entry.js';
import { entryMessage } from './entry-error.js';
import { jsonLine } from '../formats/json-format.js';
import { presetOf } from '../formats/presets.js';
import { isSelfContained, sameFields } from '../formats/line-format.js';
import { colorLevels } from './level-colors.js';
import { dropRecordedTime } from '../formats/recorded-time.js';
import { addIds } from '../formats/trace-format.js';
import { LEVEL, MESSAGE } from './winston-symbols.js';

const LOGGER_FORMAT = definePatch({
  package: 'winston',
  target: 'format of a logger',
  gives: 'the ids for every format, and a line even where a format throws',
  without: 'a format that throws costs the line',
  why: '`logger.configure()` replaces the format, and winston has no hook for that',
});

type Formatted = CapturedEntry | boolean;
interface Guarded {
  transform(entry: CapturedEntry, options: unknown): Formatted;
}

const standard = presetOf(undefined);

/**
 * Catches what a logger's own format throws, and adds the ids to the entry before a format that
 * does not know them. It is an accessor, so that a format that `configure()` sets is covered too.
 */
export function guardFormat(logger: Logger): void {
  if (typeof (logger.format as Logform.Format | undefined)?.transform !== 'function') {
    LOGGER_FORMAT.unsupported('it has no `transform`');
    return;
  }
  LOGGER_FORMAT.noteApplied();
  colorLevels(Object.keys(logger.levels));
  const guard = (format: Logform.Format): Logform.Format =>
    guardedFormat(format, (entry) => addIds(entry, standard));
  let guarded = guard(logger.format);
  Object.defineProperty(logger, 'format', {
    configurable: true,
    enumerable: true,
    get: () => guarded,
    set: (format: Logform.Format) => {
      // `configure()` without a format sets the one that it finds.
      if (format !== guarded) guarded = guard(format);
    },
  });
}

/**
 * A format that never throws: an entry that it fails on is still written, with level, message and
 * ids.
 *
 * @param addFields adds the ids to an entry before a format that does not write them itself.
 */
export function guardedFormat(
  format: Logform.Format,
  addFields: (entry: CapturedEntry) => void,
): Logform.Format {
  const transform = format.transform.bind(format);
  const needsIds = !isSelfContained(format);
  const guarded = Object.create(format, {
    transform: {
      value(this: Guarded, entry: CapturedEntry, options: unknown): Formatted {
        try {
          if (needsIds) addFields(entry);
          else if (entry['recorded'] === true) dropRecordedTime(entry);
          // `null` would end the logger's stream. A format that returns nothing drops the entry.
          return transform(entry, options) ?? false;
        } catch (error) {
          // A level that `configure()` has added since.
          const { [LEVEL]: level = entry.level } = entry;
          if (typeof level === 'string' && colorLevels([level]))
            return this.transform(entry, options);
          warnOnce('TRACING_FORMAT_FAILED', 'a log format threw', error);
          return { ...entry, [MESSAGE]: lastResort(entry) };
        }
      },
    },
  }) as Logform.Format;
  sameFields(guarded, format);
  return guarded;
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
