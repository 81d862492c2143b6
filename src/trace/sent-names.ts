import { ownCopy } from '../records/name-cache.js';
import type { Trace } from './trace.js';

/** How many names are kept. */
export const MAX_SENT = 10;
/** Longer names are cut. */
const MAX_NAME = 128;

/**
 * Notes the name of a message or job that a request sends, as in `bullmq notifications/email`: the
 * first ten different ones are on its access log line. A name counts when it is sent, whether or not
 * a queue or broker takes it: a step that failed says the latter.
 */
export function noteSent(trace: Trace, system: string, name: string): void {
  const sent = (trace.sent ??= []);
  if (sent.length >= MAX_SENT) return;
  const whole = `${system} ${name}`;
  const text = whole.length > MAX_NAME ? ownCopy(`${whole.slice(0, MAX_NAME - 1)}…`) : whole;
  if (!sent.includes(text)) sent.push(text);
}
