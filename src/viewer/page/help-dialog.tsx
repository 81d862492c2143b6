import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './parts/icon.js';

const KEYS: readonly (readonly [string, string])[] = [
  ['/', 'search'],
  ['j', 'next request'],
  ['k', 'previous request'],
  ['Enter', 'open what has the focus'],
  ['Esc', 'close, or clear the search and the filters'],
  ['p', 'pause and resume'],
  ['?', 'these keys'],
];

/** The keyboard shortcuts of the trace viewer. */
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
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p>Point at a request to see its lines, or at a line to see its request.</p>
    </dialog>
  );
}
