import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { LiveFeed } from '../connection/live-feed.js';

/** Renders again after each frame in which the feed has changed. */
export function useLiveFeed(feed: LiveFeed): void {
  const [, render] = useReducer((times: number) => times + 1, 0);
  // Not after the first paint: by then the feed may have changed.
  useLayoutEffect(() => feed.subscribe(() => render(undefined)), [feed]);
}
