import { hasSdk } from '../options/sdk-detection.js';
import type { SpanAttributes, SpanRecord } from '../records/span-record.js';
import type { Trace } from '../trace/trace.js';

/** Database queries with the same name below one parent. */
export interface RepeatedCalls {
  /** The name of each of them, such as `SELECT orders`. */
  readonly name: string;
  readonly count: number;
}

/** Systems whose calls are counted as those of a cache. */
const CACHES: ReadonlySet<unknown> = new Set(['redis', 'valkey', 'memcached']);

/**
 * Whether a trace that ends may have more equal queries than it should. Check this first: it costs
 * nothing for one that has made few calls.
 */
export function mayRepeatCalls({ calls, policy, spanList }: Trace): boolean {
  const limit = policy.repeatedCalls;
  if (limit === undefined || spanList === undefined) return false;
  // Calls that an OpenTelemetry instrumentation records are not counted.
  return (calls !== undefined && calls.dbCount > limit) || hasSdk();
}

/** The most equal queries below one parent, if they are more than `spans.repeated`. */
export function repeatedCalls({ policy, spans = [] }: Trace): RepeatedCalls | undefined {
  const groups = new Map<string, SiblingGroup>();
  for (const span of spans) {
    const key = `${span.parentSpanId} ${span.name}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = new SiblingGroup(span.name)));
    group.add(span);
  }
  let most: SiblingGroup | undefined;
  for (const group of groups.values()) {
    if (!group.isDatabase || group.count <= (policy.repeatedCalls ?? Infinity)) continue;
    if (most === undefined || group.count > most.count) most = group;
  }
  return most;
}

class SiblingGroup implements RepeatedCalls {
  count = 0;
  isDatabase = false;
  private isFolded = false;

  constructor(readonly name: string) {}

  add({ count, attributes }: SpanRecord): void {
    if (count !== undefined) {
      // It counts all of them, and the first of its single spans follows it.
      this.isFolded = true;
      this.count = count;
    } else if (!this.isFolded) {
      this.count++;
    }
    this.isDatabase ||= isQuery(attributes);
  }
}

function isQuery(attributes: SpanAttributes | undefined): boolean {
  const system = attributes?.['db.system.name'] ?? attributes?.['db.system'];
  return system !== undefined && !CACHES.has(system);
}
