import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ViewExport } from '../view-records.js';
import { Connectors } from './hover-arrows.js';
import { Detail } from './detail/detail.js';
import { DroppedNote } from './dropped-note.js';
import { downloadExport, fileName } from './export/download-export.js';
import type { LiveFeed } from './connection/live-feed.js';
import { HelpDialog } from './help-dialog.js';
import { useLiveFeed } from './hooks/use-live-feed.js';
import { useAddress } from './hooks/use-address.js';
import { useFilteredRecords } from './hooks/use-filtered-records.js';
import { useMedia } from './hooks/use-media.js';
import { useDetail } from './hooks/use-detail.js';
import { useHovered } from './hooks/use-hovered.js';
import { useSettings } from './hooks/use-settings.js';
import { useShortcuts } from './hooks/use-shortcuts.js';
import { SessionLegend } from './session-legend.js';
import { LinePanel } from './line-panel.js';

import { exportOf } from './export/html-export.js';
import { isEmptyFilter, type Filter } from '../search/filter.js';
import type { ViewedLine, ViewedRequest } from '../store/viewed-records.js';
import { PanelTabs } from './panel-tabs.js';
import { RequestPanel } from './request-panel.js';
import { SearchBar } from './search-bar.js';
import { parseSearch } from '../search/search.js';
import { SLOW_MS } from '../request-outcome.js';
import { visibleText } from './text/visible-text.js';
import { VIEWS, type ViewName } from './model/address.js';
import { SummaryPanel } from './views/summary-panel.js';
import { TracePanel } from './views/trace-panel.js';
import { ViewTabs } from './views/view-tabs.js';
import { TopBar } from './top-bar.js';

const NO_FILTER: Filter = { text: '' };

interface AppProps {
  readonly feed: LiveFeed;
  /** The records of an exported page; `undefined` for the live one. */
  readonly exported: ViewExport | undefined;
}

/** The trace viewer: requests on the left, log lines on the right, and what is open below or beside those. */
export function App({ feed, exported }: AppProps): JSX.Element {
  useLiveFeed(feed);
  const { store } = feed;
  const isExport = exported !== undefined;
  const isNarrow = useMedia('(max-width: 800px)');
  const isCompact = useMedia('(max-width: 1100px)');
  const { timeZone } = useSettings();
  const bar = useAddress();
  const { view, filter, sort, hasOutside = false } = bar.address;
  // On a narrow screen the log lines take the place of the view.
  const [hasLines, setHasLines] = useState(false);
  const [isFollowing, setIsFollowing] = useState(!isExport);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [notice, setNotice] = useState('');
  const board = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);

  const { requests, lines } = useFilteredRecords(store, filter, hasOutside);
  const detail = useDetail(store, requests, bar);
  const hovered = useHovered(store, detail.request, detail.line);
  const source = exported?.source ?? feed.hello?.service ?? '';
  useEffect(() => {
    document.title = source === '' ? 'Traces' : `Traces · ${visibleText(source)}`;
  }, [source]);

  const setFilter = (next: Filter): void => {
    const isTyped = next.text !== filter.text || next.slowerThanMs !== filter.slowerThanMs;
    (isTyped ? bar.replace : bar.go)({ filter: next });
  };
  const clearFilter = (): void => bar.replace({ filter: NO_FILTER });
  const showView = (next: ViewName): void => {
    setHasLines(false);
    if (next !== view) bar.go({ view: next, sort: undefined });
  };
  const stopFollowing = useCallback(() => setIsFollowing(false), []);
  const save = async (
    chosen: readonly ViewedRequest[],
    others: readonly ViewedLine[] = [],
  ): Promise<void> => {
    setNotice('');
    try {
      await downloadExport(exportOf(store, chosen, source, others), fileName(chosen, others));
    } catch (error) {
      setNotice(`The export failed: ${String(error)}`);
    }
  };
  const escape = (): void => {
    if (detail.isOpen) detail.close();
    else clearFilter();
    search.current?.blur();
  };

  useShortcuts({
    '/': () => search.current?.select(),
    j: () => detail.step(1),
    k: () => detail.step(-1),
    p: () => isExport || feed.pause(!feed.isPaused),
    '?': () => setIsHelpOpen(true),
    Escape: escape,
    ...Object.fromEntries(VIEWS.map((one, index) => [index + 1, () => showView(one)])),
  });

  const isScrollLocked =
    detail.isOpen || hovered.request !== undefined || hovered.line !== undefined;
  const found = useMemo(() => parseSearch(filter.text), [filter.text]);
  const words = useMemo(
    () => found.terms.flatMap(({ marked, isNegated }) => (isNegated || !marked ? [] : [marked])),
    [found],
  );
  const shared = { hovered, words, hasService: store.services.length > 1 };
  const slowMs = filter.slowerThanMs ?? SLOW_MS;
  const isUnfiltered = isEmptyFilter(filter);
  const empty = emptyText(isUnfiltered, isExport);
  // Beside the lists of requests and traces; the tables of routes and errors take the whole width.
  const hasLists = view === 'requests' || view === 'traces';
  const list = {
    ...shared,
    requests,
    version: store.version,
    open: detail.request,
    slowMs,
    sort,
    isFollowing: isFollowing && !isScrollLocked,
    focus: detail.focusRequest,
    empty: empty.requests,
    isHidden: isNarrow && hasLines,
    onScrollAway: stopFollowing,
    onHover: hovered.hoverRequest,
    head: (count: number) =>
      isNarrow ? null : <ViewTabs chosen={view} count={count} onChoose={showView} />,
  };

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
        sort={hasLists ? (sort ?? '') : undefined}
        problem={found.problem}
        isNarrow={isNarrow}
        onSort={(next) => bar.go({ sort: next })}
        onChange={setFilter}
        onClear={clearFilter}
      />
      <p role="alert" class="notice">
        {notice}
      </p>
      {isNarrow && (
        <PanelTabs
          view={hasLines ? undefined : view}
          count={hasLines ? lines.length : view === 'requests' ? requests.length : undefined}
          onChoose={(next) => (next === undefined ? setHasLines(true) : showView(next))}
        />
      )}
      <main key={timeZone} class="board" ref={board}>
        {view === 'requests' && <RequestPanel {...list} />}
        {view === 'traces' && <TracePanel {...list} store={store} />}
        {(view === 'routes' || view === 'errors') && (
          <SummaryPanel
            key={view}
            kind={view}
            store={store}
            requests={requests}
            bar={bar}
            isHidden={list.isHidden}
            head={list.head}
          />
        )}
        {!isNarrow && hasLists && <Connectors board={board} hovered={hovered} />}
        {(hasLists || (isNarrow && hasLines)) && (
          <LinePanel
            {...shared}
            lines={lines}
            outside={isUnfiltered ? store.lines.length - store.linesInside.length : 0}
            hasOutside={hasOutside}
            isCompact={isCompact}
            isFollowing={isFollowing && !isScrollLocked}
            focus={detail.focusLine}
            empty={empty.lines}
            isHidden={isNarrow && !hasLines}
            isCovered={isNarrow && detail.isOpen}
            onScrollAway={stopFollowing}
            onHover={hovered.hoverLine}
            onOpen={detail.openLine}
            onShowOutside={(isShown) => bar.go({ hasOutside: isShown })}
          />
        )}
        <Detail
          store={store}
          detail={detail}
          slowMs={slowMs}
          isLive={isExport || feed.state === 'live'}
          isExport={isExport}
          service={feed.hello?.service}
          onExport={(request) => void save([request])}
        />
      </main>
      <footer class="bottom-bar">
        <SessionLegend
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
    requests: 'Waiting for the first request. It appears here as soon as it begins.',
    lines: 'Waiting for the first line.',
  };
}
