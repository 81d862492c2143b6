import type { JSX } from 'preact';
import type { Session } from '../store/viewed-records.js';
import { sessionText } from './text/display-text.js';
import { sessionClass } from './parts/session-class.js';
import { visibleText } from './text/visible-text.js';

const MAX_SHOWN = 40;

interface SessionLegendProps {
  readonly sessions: readonly Session[];
  readonly chosen: string | undefined;
  onChoose(session: string | undefined): void;
}

/** The colours of the sessions. A click on one shows only that session. */
export function SessionLegend({ sessions, chosen, onChoose }: SessionLegendProps): JSX.Element {
  const shown = sessions.slice(-MAX_SHOWN);
  const earlier = sessions.length - shown.length;
  return (
    <nav class="session-legend" aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions</h2>
      {sessions.length === 0 && <p>none yet</p>}
      {sessions.length > 0 && (
        <ul role="list">
          {shown.map((session) => (
            <li key={session.id}>
              <LegendEntry
                session={session}
                isChosen={session.id === chosen}
                onChoose={() => onChoose(session.id === chosen ? undefined : session.id)}
              />
            </li>
          ))}
        </ul>
      )}
      {earlier > 0 && <p>and {earlier.toLocaleString('en')} earlier</p>}
    </nav>
  );
}

interface LegendEntryProps {
  readonly session: Session;
  readonly isChosen: boolean;
  onChoose(): void;
}

function LegendEntry({ session, isChosen, onChoose }: LegendEntryProps): JSX.Element {
  const { id, requests } = session;
  return (
    <button
      type="button"
      class={`session-legend-entry ${sessionClass(session)}`}
      aria-pressed={isChosen}
      title={`Show only session ${visibleText(id)}`}
      onClick={onChoose}
    >
      <span class="session-swatch" aria-hidden="true" />
      <span class="session-text">{visibleText(sessionText(session))}</span>{' '}
      <span class="count">
        {requests.toLocaleString('en')}{' '}
        <span class="visually-hidden">{requests === 1 ? 'request' : 'requests'}</span>
      </span>
    </button>
  );
}
