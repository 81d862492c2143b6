import type { JSX } from 'preact';
import type { DetailState } from '../hooks/use-detail.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedRequest } from '../../store/viewed-records.js';
import { LineDetail } from './line-detail.js';
import { MissingDetail } from './missing-detail.js';
import { RequestDetail } from './request-detail.js';

interface DetailProps {
  readonly store: ViewStore;
  readonly detail: DetailState;
  readonly slowMs: number;
  /** Whether everything that the server has may have arrived. */
  readonly isLive: boolean;
  readonly isExport: boolean;
  /** The service that the page belongs to, where it is known. */
  readonly service: string | undefined;
  onExport(request: ViewedRequest): void;
}

/** The request or line that is open, if any. */
export function Detail(props: DetailProps): JSX.Element | null {
  const { store, detail, slowMs, isLive } = props;
  const { request, line, spanId, close } = detail;
  if (request !== undefined) {
    return (
      <RequestDetail
        store={store}
        request={request}
        line={line}
        slowMs={slowMs}
        isExport={props.isExport}
        service={props.service}
        onExport={() => props.onExport(request)}
        onStep={detail.step}
        onClose={close}
      />
    );
  }
  if (spanId !== undefined)
    return <MissingDetail spanId={spanId} isLive={isLive} onClose={close} />;
  return line === undefined ? null : <LineDetail line={line} onClose={close} />;
}
