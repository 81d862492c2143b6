import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { ViewExport } from '../view-records.js';
import { Connectors } from './connectors.js';
import { Detail } from './detail/detail.js';
import { DroppedNote } from './dropped-note.js';
import { downloadExport, fileName } from './feed/download.js';
import type { Feed } from './feed/feed.js';
import { HelpDialog } from './help-dialog.js';
import { useFeed } from './hooks/use-feed.js';
import { useFiltered } from './hooks/use-filtered.js';
import { useMedia } from './hooks/use-media.js';
import { useOpened } from './hooks/use-opened.js';
import { usePointed } from './hooks/use-pointed.js';
import { useShortcuts } from './hooks/use-shortcuts.js';
import { Legend } from './legend.js';
import { LinePanel } from './line-panel.js';
import { isEmptyFilter } from './lists/filtered-view.js';
import { exportOf } from './model/export.js';
import type { Filter } from './model/filter.js';
import type { ShownLine, ShownRequest } from './model/shown.js';
import { PanelTabs, type PanelName } from './panel-tabs.js';
import { RequestPanel } from './request-panel.js';
import { SearchBar } from './search-bar.js';
import { SLOW_MS } from './text/request-marks.js';
import { visibleText } from './text/visible-text.js';
import { TopBar } from './top-bar.js';

const NO_FILTER: Filter = { text: '' };

interface AppProps {
  readonly feed: Feed;
  /** What the page was saved with; `undefined` for the live one. */
  readonly exported: ViewExport | undefined;
}

/** The page: left the requests, right the mixed lines, and what was opened on top of those. */
export function App({ feed, exported }: AppProps): JSX.Element {
  useFeed(feed);
  const { store } = feed;
  const isExport = exported !== undefined;
  const isNarrow = useMedia('(max-width: 800px)');
  const isCompact = useMedia('(max-width: 1100px)');
  const [filter, setFilter] = useState(NO_FILTER);
  const [panel, setPanel] = useState<PanelName>('requests');
  const [isFollowing, setIsFollowing] = useState(!isExport);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [notice, setNotice] = useState('');
  const board = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);

  const { requests, lines } = useFiltered(store, filter);
  const pointed = usePointed(store);
  const opened = useOpened(store, requests);
  const source = exported?.source ?? feed.hello?.service ?? '';
  useEffect(() => {
    document.title = source === '' ? 'Traces' : `Traces · ${visibleText(source)}`;
  }, [source]);

  const clearFilter = (): void => setFilter(NO_FILTER);
  const stopFollowing = useCallback(() => setIsFollowing(false), []);
  const save = async (
    chosen: readonly ShownRequest[],
    others: readonly ShownLine[] = [],
  ): Promise<void> => {
    setNotice('');
    try {
      await downloadExport(exportOf(store, chosen, source, others), fileName(chosen, others));
    } catch (error) {
      setNotice(`The export failed: ${String(error)}`);
    }
  };
  const escape = (): void => {
    if (opened.isOpen) opened.close();
    else clearFilter();
    search.current?.blur();
  };

  useShortcuts({
    '/': () => search.current?.select(),
    j: () => opened.step(1),
    k: () => opened.step(-1),
    p: () => isExport || feed.pause(!feed.isPaused),
    '?': () => setIsHelpOpen(true),
    Escape: escape,
  });

  const isHeld = opened.isOpen || pointed.request !== undefined || pointed.line !== undefined;
  const shared = {
    pointed,
    query: filter.text.trim(),
    hasService: store.services.length > 1,
  };
  const slowMs = filter.slowerThanMs ?? SLOW_MS;
  const empty = emptyText(isEmptyFilter(filter), isExport);

  return (
    <div class="page">
      <TopBar
        feed={feed}
        exported={exported}
        isFollowing={isFollowing}
        onFollow={setIsFollowing}
        onExport={() => void save(requests, lines)}
        onHelp={() => setIsHelpOpen(true)}
      />
      <SearchBar
        input={search}
        filter={filter}
        sessions={store.sessions}
        services={store.services}
        isNarrow={isNarrow}
        onChange={setFilter}
        onClear={clearFilter}
      />
      <p role="alert" class="notice">
        {notice}
      </p>
      {isNarrow && (
        <PanelTabs
          chosen={panel}
          requests={requests.length}
          lines={lines.length}
          onChoose={setPanel}
        />
      )}
      <main class="board" ref={board}>
        <RequestPanel
          {...shared}
          requests={requests}
          open={opened.request}
          slowMs={slowMs}
          isFollowing={isFollowing && !isHeld}
          focus={opened.focusRequest}
          empty={empty.requests}
          isHidden={isNarrow && panel !== 'requests'}
          onScrollUp={stopFollowing}
          onPoint={pointed.pointAtRequest}
        />
        {!isNarrow && <Connectors board={board} pointed={pointed} />}
        <LinePanel
          {...shared}
          lines={lines}
          isCompact={isCompact}
          isFollowing={isFollowing && !isHeld}
          focus={opened.focusLine}
          empty={empty.lines}
          isHidden={isNarrow && panel !== 'lines'}
          isCovered={opened.isOpen}
          onScrollUp={stopFollowing}
          onPoint={pointed.pointAtLine}
          onOpen={opened.openLine}
        />
        <Detail
          store={store}
          opened={opened}
          slowMs={slowMs}
          isLive={isExport || feed.state === 'live'}
          isExport={isExport}
          onExport={(request) => void save([request])}
        />
      </main>
      <footer class="bottom-bar">
        <Legend
          sessions={store.sessions}
          chosen={filter.session}
          onChoose={(session) => setFilter({ ...filter, session })}
        />
        <DroppedNote dropped={feed.dropped} />
      </footer>
      {isHelpOpen && <HelpDialog onClose={() => setIsHelpOpen(false)} />}
    </div>
  );
}

function emptyText(isUnfiltered: boolean, isExport: boolean): { requests: string; lines: string } {
  if (!isUnfiltered) return { requests: 'No request matches.', lines: 'No line matches.' };
  if (isExport)
    return {
      requests: 'There are no requests in this file.',
      lines: 'There are no lines in this file.',
    };
  return {
    requests: 'Waiting for the first request. It will be here as soon as it begins.',
    lines: 'Waiting for the first line.',
  };
}
