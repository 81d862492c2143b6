import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { waterfallOf, type Waterfall } from '../../waterfall/waterfall.js';

const REFRESH_MS = 400;

/**
 * The waterfall of a request. It is drawn again at once when the request ends, and in intervals as
 * other records arrive, few of which belong to it, and as time passes.
 */
export function useWaterfall(
  store: ViewStore,
  request: ViewedRequest,
  isExport: boolean,
): Waterfall {
  const [drawnAt, setDrawnAt] = useState(store.version);
  const { record } = request;
  const isRunning = record.outcome === undefined && !isExport;
  useEffect(() => {
    // Any other number will do.
    const draw = (): void => setDrawnAt((last) => (isRunning ? last + 0.5 : store.version));
    const timer = setInterval(draw, REFRESH_MS);
    return () => clearInterval(timer);
  }, [store, isRunning]);
  return useMemo(
    () => waterfallOf(store, request, isExport ? undefined : Date.now()),
    [store, request, record, drawnAt],
  );
}
