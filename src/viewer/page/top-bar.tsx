import type { ComponentChildren, JSX } from 'preact';
import type { ViewExport } from '../view-records.js';
import type { LiveFeed } from './connection/live-feed.js';
import { Icon, Logo, type IconName } from './parts/icon.js';
import { timeZoneName } from './text/display-text.js';
import { SettingsMenu } from './settings-menu.js';
import { visibleText } from './text/visible-text.js';

interface TopBarProps {
  readonly feed: LiveFeed;
  readonly exported: ViewExport | undefined;
  readonly isFollowing: boolean;
  onFollow(isFollowing: boolean): void;
  onExport(): void;
  onHelp(): void;
}

/** The name of the service, the state of the connection, and the buttons for the whole page. */
export function TopBar(props: TopBarProps): JSX.Element {
  const { feed, exported, onHelp } = props;
  const source = exported?.source ?? feed.hello?.service ?? '';
  return (
    <header class="top-bar">
      <Logo />
      <h1>Traces</h1>
      {source !== '' && <span class="source">{visibleText(source)}</span>}
      {exported === undefined ? <Connection feed={feed} /> : <ExportedAt exported={exported} />}
      <div class="actions">
        {exported === undefined && <LiveActions {...props} />}
        <SettingsMenu />
        <button
          type="button"
          class="button quiet"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={onHelp}
        >
          <kbd aria-hidden="true">?</kbd>
        </button>
      </div>
    </header>
  );
}

const STATE_WORDS = { connecting: 'Connecting…', live: 'Live', lost: 'Reconnecting…' } as const;

function Connection({ feed }: { readonly feed: LiveFeed }): JSX.Element {
  const state = feed.isPaused && feed.state === 'live' ? 'paused' : feed.state;
  const word = state === 'paused' ? 'Paused' : STATE_WORDS[state];
  return (
    <span class="connection" data-state={state}>
      <span class="dot" aria-hidden="true" />
      {/* Announced when it changes, unlike each line. */}
      <span role="status">{word}</span>
    </span>
  );
}

function ExportedAt({ exported }: { readonly exported: ViewExport }): JSX.Element {
  if (exported.exportedAt === '')
    return <span class="connection">This file contains no records</span>;
  const time = new Date(exported.exportedAt);
  return (
    <span class="connection">
      Exported{' '}
      <time dateTime={exported.exportedAt}>
        {time.toLocaleString([], { timeZone: timeZoneName() })}
      </time>
    </span>
  );
}

function LiveActions({ feed, isFollowing, onFollow, onExport }: TopBarProps): JSX.Element {
  const { isPaused, waiting } = feed;
  return (
    <>
      {isPaused && (
        <span class="waiting">
          {waiting.toLocaleString('en')} {waiting === 1 ? 'record waits' : 'records wait'}
        </span>
      )}
      <Action
        icon="follow"
        title="Scroll to new records as they arrive"
        isPressed={isFollowing}
        onClick={() => onFollow(!isFollowing)}
      >
        Follow
      </Action>
      <Action
        icon={isPaused ? 'play' : 'pause'}
        title={isPaused ? 'Show the records that have arrived (p)' : 'Stop showing new records (p)'}
        onClick={() => feed.pause(!isPaused)}
      >
        {isPaused ? 'Resume' : 'Pause'}
      </Action>
      <Action icon="clear" title="Remove everything from this page" onClick={() => feed.clear()}>
        Clear
      </Action>
      <Action icon="save" title="Save everything shown as one HTML file" onClick={onExport}>
        Export
      </Action>
    </>
  );
}

interface ActionProps {
  readonly icon: IconName;
  readonly title: string;
  /** For a button that is on or off. */
  readonly isPressed?: boolean;
  readonly children: ComponentChildren;
  onClick(): void;
}

function Action({ icon, title, isPressed, children, onClick }: ActionProps): JSX.Element {
  return (
    <button type="button" class="button" title={title} aria-pressed={isPressed} onClick={onClick}>
      <Icon name={icon} />
      <span class="button-text">{children}</span>
    </button>
  );
}
