import { useCallback, useRef, useState } from 'preact/hooks';
import type { Numbered } from '../lists/row-window.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { lineKey, lineOfKey } from '../lists/line-key.js';
import type { AddressState } from './use-address.js';

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

export function useDetail(
  store: ViewStore,
  shown: readonly ViewedRequest[],
  { address, go, replace }: AddressState,
): DetailState {
  const [focusRequest, setFocusRequest] = useState<Numbered | undefined>();
  const [focusLine, setFocusLine] = useState<Numbered | undefined>();
  const cursor = useRef<ViewedRequest | undefined>(undefined);
  const { request: spanId } = address;
  const request = spanId === undefined ? undefined : store.requestBySpanId(spanId);
  const line = address.line === undefined ? undefined : lineOfKey(store.lines, address.line);
  // The line is open only as long as its request is.
  const own = line !== undefined && store.requestOf(line) === request ? line : undefined;

  const openLine = useCallback(
    (next: ViewedLine): void =>
      go({
        request: store.requestOf(next)?.record.spanId,
        line: lineKey(store.lines, next),
      }),
    [store, go],
  );

  const step = (by: 1 | -1): void => {
    const from = request ?? cursor.current;
    const index = from === undefined ? -1 : shown.indexOf(from);
    const next = shown[index === -1 && by === -1 ? shown.length - 1 : index + by];
    if (next === undefined) return;
    cursor.current = next;
    if (request === undefined) setFocusRequest({ n: next.n });
    else replace({ request: next.record.spanId, line: undefined });
  };

  const close = (): void => {
    if (own !== undefined) setFocusLine({ n: own.n });
    else if (request !== undefined) setFocusRequest({ n: request.n });
    cursor.current = request ?? cursor.current;
    go({ request: undefined, line: undefined });
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
