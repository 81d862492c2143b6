import type { JSX } from 'preact';
import type { ViewRequest } from '../../view-records.js';
import { outcomeWord, toneOf } from '../../request-outcome.js';

/** The status of a request that has one. */
export function StatusBadge({ record }: { readonly record: ViewRequest }): JSX.Element | null {
  if (record.status_code === undefined) return null;
  return <span class={`badge tone-${toneOf(record)}`}>{record.status_code}</span>;
}

/** The outcome as a word. */
export function OutcomeWord({ record }: { readonly record: ViewRequest }): JSX.Element {
  return <span class={`outcome tone-${toneOf(record)}`}>{outcomeWord(record)}</span>;
}
