import type { JSX } from 'preact';
import type { ViewRequest } from '../../view-records.js';
import { outcomeWord, toneOf } from '../text/request-marks.js';

/** The status, for what has one. */
export function StatusBadge({ record }: { readonly record: ViewRequest }): JSX.Element | null {
  if (record.status === undefined) return null;
  return <span class={`badge tone-${toneOf(record)}`}>{record.status}</span>;
}

/** How it ended, as a word. */
export function OutcomeWord({ record }: { readonly record: ViewRequest }): JSX.Element {
  return <span class={`outcome tone-${toneOf(record)}`}>{outcomeWord(record)}</span>;
}
