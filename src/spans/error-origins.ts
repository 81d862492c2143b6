import type { SpanRecord } from '../records/span-record.js';

/** A span that has failed, and the nearest of those around it that have failed too. */
interface Failed {
  readonly span: SpanRecord;
  readonly outer: Failed | undefined;
}

/**
 * The spans in which an error arose, of those that have failed: the innermost one with the same error.
 * The spans around it have passed it on, and so have spans elsewhere that began later, as where
 * several wait for one promise. Texts and other values have no identity, so they are compared with
 * those of the spans around only.
 *
 * @param spans as a tree in depth-first order.
 */
export function errorOrigins(spans: readonly SpanRecord[]): ReadonlySet<SpanRecord> {
  const origins = new Set<SpanRecord>();
  const originOfError = new Map<object, Failed>();
  let outer: Failed | undefined;
  for (const span of spans) {
    while (outer !== undefined && outer.span.depth >= span.depth) outer = outer.outer;
    const { error } = span;
    if (!span.failed) continue;
    const failed: Failed = { span, outer };
    outer = failed;
    if (error === undefined) continue;
    if (typeof error === 'object' && error !== null) {
      const known = originOfError.get(error);
      if (known !== undefined && !isAround(known, failed)) continue;
      if (known !== undefined) origins.delete(known.span);
      originOfError.set(error, failed);
    } else {
      for (let one = failed.outer; one !== undefined; one = one.outer) {
        if (one.span.error === error) origins.delete(one.span);
      }
    }
    origins.add(span);
  }
  return origins;
}

function isAround(around: Failed, failed: Failed): boolean {
  let one = failed.outer;
  while (one !== undefined && one !== around) one = one.outer;
  return one !== undefined;
}
