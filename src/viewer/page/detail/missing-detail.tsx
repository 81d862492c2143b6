import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { visibleText } from '../text/visible-text.js';
import { DetailFrame } from './detail-frame.js';

// After the connection opens, the history arrives: the request may be in it.
const HISTORY_MS = 1000;

interface MissingDetailProps {
  readonly spanId: string;
  /** Whether everything that the server has may have arrived. */
  readonly isLive: boolean;
  onClose(): void;
}

/** Shown for a permalink whose request is not in the store, or not yet. */
export function MissingDetail({ spanId, isLive, onClose }: MissingDetailProps): JSX.Element {
  const [isPatient, setIsPatient] = useState(true);
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setTimeout(() => setIsPatient(false), HISTORY_MS);
    return () => clearTimeout(timer);
  }, [isLive]);
  return (
    <DetailFrame
      title={isPatient ? 'Looking for the request…' : 'This request is no longer kept'}
      subject={spanId}
      onClose={onClose}
    >
      <p class="hint">
        The link names the request whose span id is <code>{visibleText(spanId)}</code>.
      </p>
      {!isPatient && (
        <p class="hint">
          The viewer keeps only the latest requests, in memory. This one was dropped, or the
          application has been restarted since. Its lines are still in the log, with the same span
          id.
        </p>
      )}
    </DetailFrame>
  );
}
