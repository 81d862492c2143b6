import { readProperty } from '../records/error-fields.js';
import { moreCharacters } from '../records/json-text.js';
import { ownCopy } from '../records/name-cache.js';
import type { SpanAttributes, SpanStart } from '../records/span-record.js';

/** The number of spans that a trace keeps. Bounded, so that a loop cannot fill the memory. */
export const MAX_SPANS = 1000;
/** The characters in the names and attributes of all spans that a trace keeps. */
export const MAX_SPANS_TEXT = 1024 * 1024;
/** Longer names are cut. */
export const MAX_SPAN_NAME = 256;
/** Further attributes are left out, as OpenTelemetry does by default. */
export const MAX_ATTRIBUTES = 128;
/** Longer values are cut. */
export const MAX_ATTRIBUTE = 4096;

/** How many characters a span will hold; `undefined` where what it starts with does not fit. */
export function fittingText({ name, attributes }: SpanStart): number | undefined {
  if (typeof name !== 'string' || name.length > MAX_SPAN_NAME) return undefined;
  if (attributes === undefined) return name.length;
  const text = textOfAttributes(attributes);
  return text === undefined ? undefined : name.length + text;
}

/** What a span starts with, as far as it fits. */
export function boundedStart(start: SpanStart): SpanStart {
  const { name, attributes } = start;
  const isFitting = typeof name === 'string' && name.length <= MAX_SPAN_NAME;
  return {
    ...start,
    name: isFitting ? name : cut(nameText(name), MAX_SPAN_NAME),
    attributes: attributes && boundedAttributes(attributes),
  };
}

/** How many characters a span holds. */
export function textOfSpan({ name, attributes }: Pick<SpanStart, 'name' | 'attributes'>): number {
  return name.length + (textOfAttributes(attributes) ?? 0);
}

/** How many characters attributes hold; `undefined` if there are too many, or if reading one throws. */
function textOfAttributes(attributes: SpanAttributes | undefined): number | undefined {
  let text = 0;
  let count = 0;
  try {
    // A loop without a list of keys: this runs for each span.
    for (const key in attributes) {
      const value: unknown = attributes[key];
      const length = typeof value === 'string' ? value.length : 0;
      if (++count > MAX_ATTRIBUTES || key.length > MAX_SPAN_NAME || length > MAX_ATTRIBUTE) {
        return undefined;
      }
      text += key.length + length;
    }
    return text;
  } catch {
    // A getter or a proxy of the application.
    return undefined;
  }
}

function boundedAttributes(attributes: SpanAttributes): SpanAttributes {
  const bounded: [string, string | number | boolean][] = [];
  for (const key of keysOf(attributes).slice(0, MAX_ATTRIBUTES)) {
    const value = readProperty(attributes, key) as string | number | boolean;
    bounded.push([
      cut(key, MAX_SPAN_NAME),
      typeof value === 'string' ? cut(value, MAX_ATTRIBUTE) : value,
    ]);
  }
  return Object.fromEntries(bounded);
}

function keysOf(attributes: object): string[] {
  try {
    return Object.keys(attributes);
  } catch {
    // A proxy that was revoked.
    return [];
  }
}

/** JavaScript may pass anything as a name. */
function nameText(name: unknown): string {
  return typeof name === 'object' || typeof name === 'function' ? typeof name : String(name);
}

/** The start of a text, in memory of its own: a part would keep the whole. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${ownCopy(text.slice(0, length))}${moreCharacters(text.length - length)}`;
}
