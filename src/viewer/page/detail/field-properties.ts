import { fieldText } from '../text/line-row-text.js';
import type { Property } from './property-list.js';

const MAX_VALUE = 5000;

/** Attributes of a span, or fields of a line. */
export function fieldProperties(
  fields: Readonly<Record<string, unknown>> | undefined,
): readonly Property[] {
  return Object.entries(fields ?? {}).map(([name, value]) => ({
    name,
    value:
      typeof value === 'string' ? value.slice(0, MAX_VALUE) : fieldText(value).slice(0, MAX_VALUE),
  }));
}
