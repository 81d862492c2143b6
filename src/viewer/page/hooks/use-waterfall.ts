import { useEffect, useMemo, useState } from 'preact/hooks';
import type { PageStore } from '../model/page-store.js';
import type { ShownRequest } from '../model/shown.js';
import { waterfallOf, type Waterfall } from '../model/waterfall.js';

const REFRESH_MS = 400;

/**
 * The waterfall of a request. Its end draws it again at once; what else arrives, of which little
 * belongs to it, and the time that passes while it runs, now and then.
 */
export function useWaterfall(
  store: PageStore,
  request: ShownRequest,
  isExport: boolean,
): Waterfall {
  const [drawnAt, setDrawnAt] = useState(store.version);
  const { record } = request;
  const isRunning = record.outcome === undefined && !isExport;
  useEffect(() => {
    // Any number that is another one will do.
    const draw = (): void => setDrawnAt((last) => (isRunning ? last + 0.5 : store.version));
    const timer = setInterval(draw, REFRESH_MS);
    return () => clearInterval(timer);
  }, [store, isRunning]);
  return useMemo(
    () => waterfallOf(store, request, isExport ? undefined : Date.now()),
    [store, request, record, drawnAt],
  );
}
