import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

// Rows that are rendered at first: with more, opening a request would be slow.
const AT_ONCE = 200;

/**
 * The first of many rows, and a button that shows more of them.
 *
 * @param least how many are shown in any case.
 */
export function useMore<T>(
  all: readonly T[],
  least = 0,
): { readonly shown: readonly T[]; readonly more: JSX.Element | null } {
  const [limit, setLimit] = useState(AT_ONCE);
  const count = Math.max(limit, least);
  const left = all.length - count;
  return {
    shown: all.slice(0, count),
    more:
      left <= 0 ? null : (
        <button type="button" class="button more" onClick={() => setLimit(count + AT_ONCE)}>
          Show {Math.min(left, AT_ONCE)} more of {left.toLocaleString('en')}
        </button>
      ),
  };
}
