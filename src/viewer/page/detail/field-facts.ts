import { fieldText } from '../text/line-text.js';
import type { Fact } from './facts.js';

const MAX_VALUE = 5000;

/** Attributes of a span, or fields of a line. */
export function fieldFacts(fields: Readonly<Record<string, unknown>> | undefined): readonly Fact[] {
  return Object.entries(fields ?? {}).map(([name, value]) => ({
    name,
    value:
      typeof value === 'string' ? value.slice(0, MAX_VALUE) : fieldText(value).slice(0, MAX_VALUE),
  }));
}
