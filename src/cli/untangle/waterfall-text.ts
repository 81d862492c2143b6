import { failureText } from '../../records/access-log-text.js';
import { escapeText } from '../../records/control-characters.js';
import type { Step } from '../../records/step.js';
import { DIM, RED, type Paint } from './colors.js';

const BAR_WIDTH = 32;
const MAX_NAME = 48;
/** Deeper steps are not indented further. */
const MAX_DEPTH = 16;

/** The steps of a request, each with a bar for the time in which it ran. */
export function waterfallText(
  steps: readonly Step[],
  durationMs: number | undefined,
  paint: Paint,
): string[] {
  const names = steps.map(nameOf);
  const width = Math.max(...names.map((name) => name.length));
  const total = Math.max(durationMs ?? 0, ...steps.map(lastOf));
  return steps.map((step, i) => {
    const bar = barOf(step, total);
    const text = `${names[i]!.padEnd(width)}  ${paint(step.failed ? RED : DIM, bar)}`;
    return `${text} ${tookText(step, paint)}`;
  });
}

function nameOf({ name, depth }: Step): string {
  const inset = '  '.repeat(Math.min(Math.max(Number(depth) || 0, 0), MAX_DEPTH));
  const shown = inset + escapeText(name);
  return shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME - 1)}…` : shown;
}

function endOf({ start_ms: start, duration_ms: duration }: Step): number {
  return start + (typeof duration === 'number' ? duration : 0);
}

/** The last time that is known of a step. A sum of steps that overlapped is longer than they ran. */
function lastOf(step: Step): number {
  return typeof step.count === 'number' ? step.start_ms : endOf(step);
}

/** At least one cell, so that it is visible. A step that did not end extends to the end. */
function barOf(step: Step, total: number): string {
  const cell = (ms: number): number => Math.round((ms / (total || 1)) * BAR_WIDTH);
  const from = Math.min(Math.max(cell(step.start_ms), 0), BAR_WIDTH - 1);
  const end = typeof step.duration_ms === 'number' ? cell(endOf(step)) : BAR_WIDTH;
  const to = Math.min(Math.max(end, from + 1), BAR_WIDTH);
  return ' '.repeat(from) + '━'.repeat(to - from) + ' '.repeat(BAR_WIDTH - to);
}

function tookText(step: Step, paint: Paint): string {
  const { duration_ms: duration, count, failed, status, error } = step;
  const took = typeof duration === 'number' ? `${duration}ms` : 'did not end';
  const times = typeof count === 'number' ? ` in ${count} calls` : '';
  return took + times + (failed ? paint(RED, escapeText(failureText(status, error))) : '');
}
