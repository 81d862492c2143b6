import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { Feed } from '../feed/feed.js';

/** Renders again after each frame in which the feed has changed. */
export function useFeed(feed: Feed): void {
  const [, render] = useReducer((times: number) => times + 1, 0);
  // Not after the first paint: by then the feed may have changed.
  useLayoutEffect(() => feed.subscribe(() => render(undefined)), [feed]);
}
