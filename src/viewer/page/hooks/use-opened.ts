import { useCallback, useRef, useState } from 'preact/hooks';
import type { Numbered } from '../lists/row-window.js';
import type { PageStore } from '../model/page-store.js';
import type { ShownLine, ShownRequest } from '../model/shown.js';
import { usePermalink } from './use-permalink.js';

/** What the detail shows, and how to come to something else. */
export interface Opened {
  readonly isOpen: boolean;
  /** What the address names, whether it is kept or not. */
  readonly spanId: string | undefined;
  readonly request: ShownRequest | undefined;
  /** The line that was clicked: of the request, or of none. */
  readonly line: ShownLine | undefined;
  /** Where the focus belongs in a list; another object each time. */
  readonly focusRequest: Numbered | undefined;
  readonly focusLine: Numbered | undefined;
  openLine(line: ShownLine): void;
  /** To the request after this one, or before it. */
  step(step: 1 | -1): void;
  close(): void;
}

export function useOpened(store: PageStore, shown: readonly ShownRequest[]): Opened {
  const permalink = usePermalink();
  const [line, setLine] = useState<ShownLine | undefined>();
  const [focusRequest, setFocusRequest] = useState<Numbered | undefined>();
  const [focusLine, setFocusLine] = useState<Numbered | undefined>();
  const cursor = useRef<ShownRequest | undefined>(undefined);
  const { spanId } = permalink;
  const request = spanId === undefined ? undefined : store.requestBySpanId(spanId);
  // A line belongs to what is open only for as long as its request is open.
  const own = line !== undefined && store.requestOf(line) === request ? line : undefined;

  const openLine = useCallback(
    (next: ShownLine): void => {
      setLine(next);
      const request = store.requestOf(next);
      if (request !== undefined) permalink.open(request.record.spanId);
    },
    [store],
  );

  const step = (by: 1 | -1): void => {
    const from = request ?? cursor.current;
    const index = from === undefined ? -1 : shown.indexOf(from);
    const next = shown[index === -1 && by === -1 ? shown.length - 1 : index + by];
    if (next === undefined) return;
    cursor.current = next;
    if (request === undefined) setFocusRequest({ n: next.n });
    else permalink.replace(next.record.spanId);
  };

  const close = (): void => {
    if (own !== undefined) setFocusLine({ n: own.n });
    else if (request !== undefined) setFocusRequest({ n: request.n });
    cursor.current = request ?? cursor.current;
    setLine(undefined);
    if (spanId !== undefined) permalink.close();
  };

  return {
    isOpen: spanId !== undefined || own !== undefined,
    spanId,
    request,
    line: own,
    focusRequest,
    focusLine,
    openLine,
    step,
    close,
  };
}
