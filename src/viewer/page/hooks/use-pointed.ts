import { useEffect, useMemo, useState } from 'preact/hooks';
import type { PageStore } from '../model/page-store.js';
import type { ShownLine, ShownRequest } from '../model/shown.js';

// Long enough that a pointer on its way across a list scrolls nothing.
const DWELL_MS = 200;

/** What the user points at, and what belongs to it. */
export interface Pointed {
  readonly request: ShownRequest | undefined;
  /** The line under the pointer, which may belong to no request. */
  readonly line: ShownLine | undefined;
  /** The lines of the request. */
  readonly lines: ReadonlySet<ShownLine>;
  /** What the other list is to bring into view, after the pointer has rested. */
  readonly revealRequests: readonly ShownRequest[] | undefined;
  readonly revealLines: readonly ShownLine[] | undefined;
}

interface Target {
  readonly request?: ShownRequest;
  readonly line?: ShownLine;
}

const NOTHING: Target = {};
const NO_LINES: ReadonlySet<ShownLine> = new Set();

export function usePointed(store: PageStore): Pointed & {
  pointAtRequest(request: ShownRequest | undefined): void;
  pointAtLine(line: ShownLine | undefined): void;
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

  const point = (next: Target): void =>
    setTarget((now) => (now.request === next.request && now.line === next.line ? now : next));
  return {
    request,
    line: target.line,
    lines,
    revealRequests,
    revealLines,
    pointAtRequest: (request) => point(request === undefined ? NOTHING : { request }),
    pointAtLine: (line) => point(line === undefined ? NOTHING : { line }),
  };
}
