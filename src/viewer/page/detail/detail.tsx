import type { JSX } from 'preact';
import type { Opened } from '../hooks/use-opened.js';
import type { PageStore } from '../model/page-store.js';
import type { ShownRequest } from '../model/shown.js';
import { LineDetail } from './line-detail.js';
import { MissingDetail } from './missing-detail.js';
import { RequestDetail } from './request-detail.js';

interface DetailProps {
  readonly store: PageStore;
  readonly opened: Opened;
  readonly slowMs: number;
  /** Whether what is not here may be missing for good. */
  readonly isLive: boolean;
  readonly isExport: boolean;
  onExport(request: ShownRequest): void;
}

/** What was opened, if anything. */
export function Detail(props: DetailProps): JSX.Element | null {
  const { store, opened, slowMs, isLive } = props;
  const { request, line, spanId, close } = opened;
  if (request !== undefined) {
    return (
      <RequestDetail
        store={store}
        request={request}
        line={line}
        slowMs={slowMs}
        isExport={props.isExport}
        onExport={() => props.onExport(request)}
        onStep={opened.step}
        onClose={close}
      />
    );
  }
  if (spanId !== undefined)
    return <MissingDetail spanId={spanId} isLive={isLive} onClose={close} />;
  return line === undefined ? null : <LineDetail line={line} onClose={close} />;
}
