import { isOutcome, type Outcome, type Step } from '../../records/fields.js';
import type { EntryFields } from './entry-fields.js';
import type { FactSlot, Slot } from './field-names.js';

/** What a line says of its request, under the names of this package's finish line. */
export type RequestFacts = {
  -readonly [K in TextFact]?: string;
} & { -readonly [K in NumberFact]?: number } & { outcome?: Outcome; steps?: readonly Step[] };

const TEXT_FACTS = [
  'method',
  'path',
  'route',
  'transport',
  'pattern',
  'queue',
  'job',
  'mcp_method',
  'mcp_tool',
  'graphql_operation',
  'handler',
  'parent_span_id',
] as const satisfies readonly FactSlot[];
const NUMBER_FACTS = [
  'attempt',
  'graphql_errors',
  'handler_ms',
  'status_code',
  'dropped_steps',
] as const satisfies readonly FactSlot[];

type TextFact = (typeof TEXT_FACTS)[number];
type NumberFact = (typeof NUMBER_FACTS)[number] | 'duration_ms';

const ECS_OUTCOMES: Readonly<Record<string, Outcome>> = {
  success: 'completed',
  failure: 'errored',
  unknown: 'aborted',
};
const OWN_END = /^(?:Request|Message|Job|Run) finished$/;
const PINO_ABORTED = 'request aborted';
const SERVER_ERROR = 500;
const NANOSECONDS_PER_MS = 1e6;
const ORIGIN = /^https?:\/\/[^/?#]*/;

/** Whether a line is the one that ends its request. */
export function isFinishLine(fields: EntryFields, message: string): boolean {
  if (isOwnFinish(fields, message)) return true;
  const isTimed = (['responseTime', 'durationNs', 'latency'] as const).some(
    (slot) => fields.get(slot) !== undefined,
  );
  return isTimed && (fields.getOfFinish('status_code') !== undefined || hasNumericStatus(fields));
}

function isOwnFinish(fields: EntryFields, message: string): boolean {
  const hasDuration = durationMs(fields) !== undefined;
  if (OWN_END.test(message)) return hasDuration;
  return (
    hasDuration &&
    isOutcome(fields.getOfFinish('outcome')) &&
    (fields.getOfFinish('path') ?? fields.getOfFinish('transport') ?? fields.getOfFinish('url')) !==
      undefined
  );
}

/** pino-http says `null` for the status that was never sent. */
function hasNumericStatus(fields: EntryFields): boolean {
  return fields.get('status_code') === null || typeof fields.get('status') === 'number';
}

/** What the line that ends a request says of it. */
export function finishFacts(fields: EntryFields, message: string): RequestFacts {
  const facts: RequestFacts = { ...lineFacts(fields) };
  for (const name of TEXT_FACTS) {
    const value = fields.getOfFinish(name);
    if (typeof value === 'string') facts[name] = value;
  }
  for (const name of NUMBER_FACTS) {
    const value = fields.getOfFinish(name);
    if (typeof value === 'number') facts[name] = value;
  }
  const path = facts.path ?? pathOf(fields.getOfFinish('url'));
  if (path !== undefined) facts.path = path;
  const status = fields.get('status');
  if (typeof status === 'number') facts.status_code ??= status;
  const duration = durationMs(fields);
  if (duration !== undefined) facts.duration_ms = duration;
  facts.outcome = outcomeOf(fields, message, facts.status_code);
  const steps = fields.getOfFinish('steps');
  if (Array.isArray(steps)) facts.steps = steps.filter(isStep);
  return facts;
}

/** What any other line says of its request: loggers such as pino-http repeat it on each. */
export function lineFacts(fields: EntryFields): RequestFacts | undefined {
  const method = fields.get('reqMethod');
  const path = pathOf(fields.get('reqUrl'));
  if (typeof method !== 'string' && path === undefined) return undefined;
  return {
    ...(typeof method === 'string' && { method }),
    ...(path !== undefined && { path }),
  };
}

/** A query may hold what is secret, and is nobody's path. */
function pathOf(url: unknown): string | undefined {
  return typeof url === 'string' ? url.replace(ORIGIN, '').replace(/[?#].*$/s, '') : undefined;
}

function durationMs(fields: EntryFields): number | undefined {
  const ms = fields.getOfFinish('duration_ms') ?? fields.get('responseTime');
  if (typeof ms === 'number') return ms;
  const nanoseconds = fields.getOfFinish('durationNs');
  if (typeof nanoseconds === 'number') return nanoseconds / NANOSECONDS_PER_MS;
  const seconds = fields.get('latency');
  if (typeof seconds !== 'string' || !/^[\d.]+s$/.test(seconds)) return undefined;
  return Math.round(Number(seconds.slice(0, -1)) * 1e6) / 1e3;
}

function outcomeOf(fields: EntryFields, message: string, status: number | undefined): Outcome {
  const outcome = fields.getOfFinish('outcome');
  if (isOutcome(outcome)) return outcome;
  if (message === PINO_ABORTED) return 'aborted';
  const ecsOutcome = ECS_OUTCOMES[String(fields.get('ecsOutcome' satisfies Slot))];
  if (ecsOutcome !== undefined) return ecsOutcome;
  return status !== undefined && status >= SERVER_ERROR ? 'errored' : 'completed';
}

function isStep(step: unknown): step is Step {
  const { name, start_ms: start } = Object(step) as Partial<Record<keyof Step, unknown>>;
  return typeof name === 'string' && typeof start === 'number';
}
