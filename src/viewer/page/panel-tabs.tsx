import type { JSX } from 'preact';
import { VIEWS, type ViewName } from './model/address.js';
import { VIEW_NAMES } from './views/view-tabs.js';

interface PanelTabsProps {
  /** `undefined` where the log lines are shown. */
  readonly view: ViewName | undefined;
  /** How many rows the chosen list has, where that is known. */
  readonly count: number | undefined;
  onChoose(view: ViewName | undefined): void;
}

/** On a narrow screen there is room for one list: a view, or the log lines. */
export function PanelTabs({ view, count, onChoose }: PanelTabsProps): JSX.Element {
  return (
    <nav class="panel-tabs" aria-label="Lists">
      {[...VIEWS, undefined].map((one) => (
        <button key={one} type="button" aria-pressed={one === view} onClick={() => onChoose(one)}>
          {one === undefined ? 'Log lines' : VIEW_NAMES[one]}
          {one === view && count !== undefined && (
            <>
              {' '}
              <span class="count">{count.toLocaleString('en')}</span>
            </>
          )}
        </button>
      ))}
    </nav>
  );
}
