import { useCallback, useRef, useState } from 'preact/hooks';
import type { Numbered } from '../lists/row-window.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { usePermalink } from './use-permalink.js';

/** The request or line that is open in the detail, and functions to open another one. */
export interface DetailState {
  readonly isOpen: boolean;
  /** The span id in the address, whether its request is stored or not. */
  readonly spanId: string | undefined;
  readonly request: ViewedRequest | undefined;
  /** The line that was clicked: one of the request, or of none. */
  readonly line: ViewedLine | undefined;
  /** The item of a list that is to take the focus; a new object each time. */
  readonly focusRequest: Numbered | undefined;
  readonly focusLine: Numbered | undefined;
  openLine(line: ViewedLine): void;
  /** Opens the request after this one, or before it. */
  step(step: 1 | -1): void;
  close(): void;
}

export function useDetail(store: ViewStore, shown: readonly ViewedRequest[]): DetailState {
  const permalink = usePermalink();
  const [line, setLine] = useState<ViewedLine | undefined>();
  const [focusRequest, setFocusRequest] = useState<Numbered | undefined>();
  const [focusLine, setFocusLine] = useState<Numbered | undefined>();
  const cursor = useRef<ViewedRequest | undefined>(undefined);
  const { spanId } = permalink;
  const request = spanId === undefined ? undefined : store.requestBySpanId(spanId);
  // The line is open only as long as its request is.
  const own = line !== undefined && store.requestOf(line) === request ? line : undefined;

  const openLine = useCallback(
    (next: ViewedLine): void => {
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
