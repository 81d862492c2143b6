import type { JSX } from 'preact';
import { CopyButton } from '../parts/copy-button.js';
import { visibleText } from '../text/visible-text.js';

/** What is said, and its name. */
export interface Fact {
  readonly name: string;
  readonly value: string | number | undefined;
  /** Ids are there to be copied. */
  readonly isId?: boolean;
}

/** Names and values; those without a value are left out. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(
        // A field may have the name of a fact.
        ({ name, value, isId }, index) =>
          value !== undefined && (
            <div key={index} class={isId ? 'fact-id' : undefined}>
              <dt>{visibleText(name)}</dt>
              <dd>
                <span>{visibleText(String(value))}</span>
                {isId && <CopyButton name={`Copy ${name}`} text={() => String(value)} />}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}
