import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useWaterfall } from '../hooks/use-waterfall.js';
import { agentText } from '../../agent-text.js';
import type { OwnPage } from '../../server-address.js';
import { asCurl, asGrep, asJson, asUntangle } from '../model/copy-formats.js';
import type { ViewStore } from '../../store/view-store.js';
import type { ViewedLine, ViewedRequest } from '../../store/viewed-records.js';
import { durationText } from '../../duration-text.js';
import { titleOf } from '../../request-title.js';
import { CopyButton } from '../parts/copy-button.js';
import { Icon } from '../parts/icon.js';
import { sessionClass } from '../parts/session-class.js';
import { OutcomeWord, StatusBadge } from '../parts/status-badge.js';
import { isSlow } from '../../request-outcome.js';
import { visibleText } from '../text/visible-text.js';
import type { WaterfallRow } from '../../waterfall/waterfall.js';
import { DebugSession } from './debug-session.js';
import { DetailFrame } from './detail-frame.js';
import { ErrorPanel } from './error-panel.js';
import { PropertyList } from './property-list.js';
import { idProperties, requestProperties } from './request-properties.js';
import { Timeline } from './timeline.js';

interface RequestDetailProps {
  readonly store: ViewStore;
  readonly request: ViewedRequest;
  /** The line that was clicked. */
  readonly line: ViewedLine | undefined;
  readonly slowMs: number;
  readonly isExport: boolean;
  /** The service that the page belongs to, where it is known. */
  readonly service: string | undefined;
  onExport(): void;
  onStep(step: 1 | -1): void;
  onClose(): void;
}

/** Everything about one request: its ids, its waterfall, its lines. */
export function RequestDetail(props: RequestDetailProps): JSX.Element {
  const { store, request, onStep } = props;
  const { record } = request;
  const page: OwnPage | undefined =
    props.isExport || props.service === undefined
      ? undefined
      : { service: props.service, origin: location.origin };
  const waterfall = useWaterfall(store, request, props.isExport);
  const [show, setShow] = useState<{ readonly row: WaterfallRow } | undefined>();
  return (
    <DetailFrame
      title={visibleText(titleOf(record))}
      subject={request}
      onClose={props.onClose}
      badges={
        <span class={`detail-badges-row ${sessionClass(request.session)}`}>
          <StatusBadge record={record} />
          <OutcomeWord record={record} />
          {record.duration_ms !== undefined && (
            <span class="duration">{durationText(record.duration_ms)}</span>
          )}
          {isSlow(record, props.slowMs) && <span class="slow">slow</span>}
        </span>
      }
      top={<ErrorPanel record={record} rows={waterfall.rows} onShow={(row) => setShow({ row })} />}
      navigation={
        <>
          <button
            type="button"
            class="icon-button"
            aria-label="Previous request"
            title="Previous request (k)"
            onClick={() => onStep(-1)}
          >
            <Icon name="up" />
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Next request"
            title="Next request (j)"
            onClick={() => onStep(1)}
          >
            <Icon name="down" />
          </button>
          {!props.isExport && (
            <button
              type="button"
              class="icon-button"
              aria-label="Export this request"
              title="Save this request as one HTML file"
              onClick={props.onExport}
            >
              <Icon name="save" />
            </button>
          )}
        </>
      }
    >
      <div class="detail-actions">
        <span aria-hidden="true">Copy</span>
        <CopyButton name="Copy link" label="Link" icon="link" text={() => location.href} />
        <CopyButton name="Copy as JSON" label="JSON" text={() => asJson(store, request)} />
        {asCurl(request, page) !== undefined && (
          <CopyButton name="Copy as curl" label="curl" text={() => asCurl(request, page)!} />
        )}
        <CopyButton name="Copy as grep" label="grep" text={() => asGrep(request)} />
        <CopyButton
          name="Copy as untangle command"
          label="untangle"
          text={() => asUntangle(request)}
        />
        <CopyButton
          name="Copy for an agent"
          label="For an agent"
          text={() => agentText(store, request, props.isExport ? undefined : Date.now())}
        />
        {!props.isExport && record.sessionId !== undefined && (
          <DebugSession sessionId={record.sessionId} />
        )}
      </div>
      <Timeline
        key={request.n}
        waterfall={waterfall}
        request={request}
        marked={props.line}
        show={show}
      />
      {record.droppedSpans !== undefined && record.droppedSpans > 0 && (
        <p class="hint">{record.droppedSpans.toLocaleString('en')} more spans were not kept.</p>
      )}
      <h3>Details</h3>
      <PropertyList properties={idProperties(record)} />
      <PropertyList properties={requestProperties(record)} />
    </DetailFrame>
  );
}
