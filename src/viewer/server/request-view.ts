import type { Arrival } from '../../records/arrival-list.js';
import type { RequestRecord } from '../../records/request-record.js';
import { shortLivedArray } from '../../records/short-lived-array.js';
import type { HeldLine } from './held-line.js';
import type { RecordGroup } from './record-list.js';
import type { RequestSource } from './request-from-record.js';

export interface RecordedRequest extends RequestSource {
  readonly group: RecordGroup;
}

/** A request with what the viewers of its application keep of it. */
interface ViewedRequest extends RequestRecord {
  viewed?: RequestView | undefined;
}

/**
 * What one viewer keeps of a request. It is a field of the request: to look for it in a `WeakMap`
 * with each line costs more than all that is done with the line.
 */
export class RequestView implements Arrival<RequestView> {
  /** Set once the request is recorded. */
  source: RecordedRequest | undefined = undefined;
  /** What is held of it, see `HeldLines`. */
  lines = shortLivedArray<HeldLine>();
  /** What they take. */
  bytes = 0;
  older: RequestView | undefined = undefined;
  newer: RequestView | undefined = undefined;

  private constructor(
    readonly request: RequestRecord,
    private readonly viewer: object,
    /** That of another viewer of the application. */
    private readonly next: RequestView | undefined,
  ) {}

  /** What a viewer keeps of a request; `undefined` where it keeps nothing. */
  static find({ viewed }: ViewedRequest, viewer: object): RequestView | undefined {
    let view = viewed;
    while (view !== undefined && view.viewer !== viewer) view = view.next;
    return view;
  }

  /** The same, which begins where it keeps nothing yet. */
  static of(request: ViewedRequest, viewer: object): RequestView {
    const known = RequestView.find(request, viewer);
    if (known !== undefined) return known;
    return (request.viewed = new RequestView(request, viewer, request.viewed));
  }
}
