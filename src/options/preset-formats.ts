import type { Logger, LoggerOptions } from 'winston';
import { sharedState } from '../records/shared-state.js';

/** What a log format and a transport have in common with all others of their kind. */
interface Format {
  transform?(entry: object, options: unknown): unknown;
  readonly options?: unknown;
}

const state = sharedState('preset-formats', () => ({
  /** The formats that were made with a preset. */
  formats: new WeakSet<object>(),
  /** Whether there is any: without one, no format has to be looked into. */
  isAny: false,
}));

/** Where a format with a preset finds a {@link PresetProbe} on an entry. */
const PROBE = Symbol.for('nestjs-tracing.v1.preset-probe');

interface PresetProbe {
  isPreset: boolean;
}

/** Notes that a format writes the field names of a log backend. */
export function notePresetFormat(format: object): void {
  state.formats.add(format);
  state.isAny = true;
}

/**
 * For formats with a preset: answers an entry that only asks whether a format has one. Returns
 * whether the entry is of that kind.
 */
export function answersProbe(entry: object): boolean {
  const probe = (entry as Record<symbol, PresetProbe | undefined>)[PROBE];
  if (probe === undefined) return false;
  probe.isPreset = true;
  return true;
}

/**
 * Whether a logger of the application's own writes the field names of a log backend, by its format
 * or by that of a transport. Those backends know W3C trace ids only.
 */
export function writesPreset(logger: Logger | LoggerOptions | undefined): boolean {
  if (!state.isAny || logger === undefined) return false;
  const { transports = [] } = logger;
  const list = Array.isArray(transports) ? transports : [transports];
  return [logger, ...list].some(({ format }) => hasPreset(format));
}

/**
 * A format that `combine` has made shows none of its parts, so it is asked with an entry. Only
 * applications that have made a format with a preset get here.
 */
function hasPreset(format: Format | undefined): boolean {
  if (format === undefined || format === null) return false;
  if (state.formats.has(format)) return true;
  const probe: PresetProbe = { isPreset: false };
  const entry = {
    level: 'info',
    message: '',
    [Symbol.for('level')]: 'info',
    [Symbol.for('message')]: '',
    // As if it was captured outside a context.
    [Symbol.for('nestjs-tracing.v1.scope')]: null,
    [PROBE]: probe,
  };
  try {
    format.transform?.(entry, format.options);
  } catch {
    // A format of the application's own that cannot take this entry. What came before it has answered.
  }
  return probe.isPreset;
}
