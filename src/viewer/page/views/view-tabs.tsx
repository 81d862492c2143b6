import type { JSX } from 'preact';
import { VIEWS, type ViewName } from '../model/address.js';

export const VIEW_NAMES: Readonly<Record<ViewName, string>> = {
  requests: 'Requests',
  traces: 'Traces',
  routes: 'Routes',
  errors: 'Errors',
};

interface ViewTabsProps {
  readonly chosen: ViewName;
  /** How many rows the chosen view has. */
  readonly count: number;
  onChoose(view: ViewName): void;
}

/** The views, above the one that is chosen. */
export function ViewTabs({ chosen, count, onChoose }: ViewTabsProps): JSX.Element {
  return (
    <nav class="view-tabs" aria-label="Views">
      {VIEWS.map((view, index) => (
        <button
          key={view}
          type="button"
          aria-pressed={view === chosen}
          title={`Show ${view} (${index + 1})`}
          onClick={() => onChoose(view)}
        >
          {VIEW_NAMES[view]}
          {view === chosen && (
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
