import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './parts/icon.js';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['1 – 4', 'requests, traces, routes, errors'],
  ['j', 'next request'],
  ['k', 'previous request'],
  ['Enter', 'open the row that has the focus'],
  ['← →', 'collapse and expand a span'],
  ['+ − 0', 'zoom into the timeline, out, and reset'],
  ['Esc', 'close, or clear the search and the filters'],
  ['p', 'pause and resume'],
  ['?', 'these keys'],
];

const SEARCH: readonly (readonly [string, string])[] = [
  ['req-004 error', 'all of these words'],
  ['"card expired"', 'these words together'],
  ['-health', 'not this'],
  ['user:alice', 'a field; "alice" for all of it'],
  ['status:5xx', 'also status:>=500'],
  ['duration:>400', 'milliseconds; also 2s, 1m'],
  ['level:>=warn', 'this level or a more severe one'],
  ['/time(out|d out)/', 'a pattern'],
];

/** The keyboard shortcuts and the search language of the trace viewer. */
export function HelpDialog({ onClose }: { onClose(): void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <header>
        <h2 id="help-title">Keyboard shortcuts</h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          onClick={() => dialog.current!.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      <Meanings of={KEYS} />
      <h3>Search</h3>
      <Meanings of={SEARCH} />
      <p>Point at a request to see the lines of its trace, or at a line to see its requests.</p>
    </dialog>
  );
}

function Meanings({ of }: { readonly of: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <dl>
      {of.map(([what, meaning]) => (
        <div key={what}>
          <dt>
            <kbd>{what}</kbd>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
