import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';

// Long enough that a pointer on its way across a list scrolls nothing.
const DWELL_MS = 200;

/** The request or line under the pointer or with the keyboard focus, and what belongs to it. */
export interface Hovered {
  readonly request: ViewedRequest | undefined;
  /** The line under the pointer, which may belong to no request. */
  readonly line: ViewedLine | undefined;
  /** The lines of the request. */
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
const NO_LINES: ReadonlySet<ViewedLine> = new Set();

export function useHovered(store: ViewStore): Hovered & {
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
  const lines = useMemo(
    () => (request === undefined ? NO_LINES : new Set(store.linesOf(request))),
    [request, store.version],
  );
  const revealRequests = useMemo(() => {
    const found = reveal.line && store.requestOf(reveal.line);
    return found && [found];
  }, [reveal]);
  const revealLines = useMemo(() => reveal.request && store.linesOf(reveal.request), [reveal]);

  const hover = (next: Target): void =>
    setTarget((now) => (now.request === next.request && now.line === next.line ? now : next));
  return {
    request,
    line: target.line,
    lines,
    revealRequests,
    revealLines,
    hoverRequest: (request) => hover(request === undefined ? NOTHING : { request }),
    hoverLine: (line) => hover(line === undefined ? NOTHING : { line }),
  };
}
