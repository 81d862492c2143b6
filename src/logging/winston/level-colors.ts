import { addColors, format } from 'winston';
import { ownValue } from '../../records/own-value.js';

/** winston's own levels have colours; NestJS and other loggers have more levels. */
const COLORS: Readonly<Record<string, string>> = {
  fatal: 'red',
  critical: 'red',
  log: 'green',
  notice: 'green',
  trace: 'gray',
};
const OTHER_COLOR = 'white';

/**
 * Gives levels a colour that have none: `format.colorize()` throws at such a level. Colours that the
 * application sets, before or after, stay.
 *
 * @returns whether there was one.
 */
export function colorLevels(levels: readonly string[]): boolean {
  // logform shares its colours, but its types do not say so.
  const colorizer: unknown = Reflect.get(format.colorize, 'Colorizer');
  if (typeof colorizer !== 'function') return false;
  const known: unknown = Reflect.get(colorizer, 'allColors');
  if (typeof known !== 'object' || known === null) return false;
  const missing = levels.filter((level) => !Object.hasOwn(known, level));
  if (missing.length === 0) return false;
  addColors(
    Object.fromEntries(missing.map((level) => [level, ownValue(COLORS, level) ?? OTHER_COLOR])),
  );
  return true;
}
