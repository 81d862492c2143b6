import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { useSampled } from './use-sampled.js';

// Long enough that a pointer on its way across a list scrolls nothing.
const DWELL_MS = 200;

/** The request or line under the pointer or with the keyboard focus, and what belongs to it. */
export interface Hovered {
  /** That request, or the one of the line. */
  readonly request: ViewedRequest | undefined;
  /** The line under the pointer, which may belong to no request. */
  readonly line: ViewedLine | undefined;
  /** The requests of its trace, of all services. */
  readonly requests: ReadonlySet<ViewedRequest>;
  /** The lines of its trace. */
  readonly lines: ReadonlySet<ViewedLine>;
  /** What the other list scrolls to, once the pointer has rested. */
  readonly revealRequests: readonly ViewedRequest[] | undefined;
  readonly revealLines: readonly ViewedLine[] | undefined;
}

interface Target {
  readonly request?: ViewedRequest;
  readonly line?: ViewedLine;
}

const NOTHING: Target = {};
const NO_TRACE = { requests: new Set<ViewedRequest>(), lines: new Set<ViewedLine>() };

/** @param open the request that is open, and its line: the log shows them, once there is less of it. */
export function useHovered(
  store: ViewStore,
  open?: ViewedRequest,
  openLine?: ViewedLine,
): Hovered & {
  hoverRequest(request: ViewedRequest | undefined): void;
  hoverLine(line: ViewedLine | undefined): void;
} {
  const [target, setTarget] = useState(NOTHING);
  const [reveal, setReveal] = useState(NOTHING);
  useEffect(() => {
    if (target === NOTHING) return undefined;
    const timer = setTimeout(() => setReveal(target), DWELL_MS);
    return () => clearTimeout(timer);
  }, [target]);

  const request = target.request ?? (target.line && store.requestOf(target.line));
  const readTrace = (): Pick<Hovered, 'requests' | 'lines'> => {
    if (request === undefined) return NO_TRACE;
    const { requests, lines } = store.traceOf(request);
    return { requests: new Set(requests), lines: new Set(lines) };
  };
  // A trace may have as many lines as the page.
  const trace = useSampled(readTrace, request, [store.version]);
  const revealRequests = useMemo(() => {
    const found = reveal.line && store.requestOf(reveal.line);
    return found && [found];
  }, [reveal]);
  const revealLines = useMemo(() => {
    if (reveal.request === undefined && openLine !== undefined) return [openLine];
    const shown = reveal.request ?? open;
    return shown && store.traceOf(shown).lines;
  }, [reveal, open, openLine]);

  const hover = (next: Target): void =>
    setTarget((now) => (now.request === next.request && now.line === next.line ? now : next));
  return {
    request,
    line: target.line,
    ...trace,
    revealRequests,
    revealLines,
    hoverRequest: (request) => hover(request === undefined ? NOTHING : { request }),
    hoverLine: (line) => hover(line === undefined ? NOTHING : { line }),
  };
}
