import type { JSX } from 'preact';

export type PanelName = 'requests' | 'lines';

interface PanelTabsProps {
  readonly chosen: PanelName;
  readonly requests: number;
  readonly lines: number;
  onChoose(panel: PanelName): void;
}

/** On a narrow screen there is room for one of the two lists. */
export function PanelTabs({ chosen, requests, lines, onChoose }: PanelTabsProps): JSX.Element {
  const entry = (panel: PanelName, name: string, count: number): JSX.Element => (
    <button type="button" aria-pressed={panel === chosen} onClick={() => onChoose(panel)}>
      {name} <span class="count">{count.toLocaleString('en')}</span>
    </button>
  );
  return (
    <nav class="panel-tabs" aria-label="Lists">
      {entry('requests', 'Requests', requests)}
      {entry('lines', 'Log lines', lines)}
    </nav>
  );
}
