import type { JSX } from 'preact';
import { CopyButton } from '../parts/copy-button.js';
import { visibleText } from '../text/visible-text.js';

/** A property of a request, span or line, to be shown. */
export interface Property {
  readonly name: string;
  readonly value: string | number | undefined;
  /** An id has a button that copies it. */
  readonly isId?: boolean;
}

/** Names and values. A property without a value is left out. */
export function PropertyList({
  properties,
}: {
  readonly properties: readonly Property[];
}): JSX.Element {
  return (
    <dl class="properties">
      {properties.map(
        // By index: a field may have the name of another property.
        ({ name, value, isId }, index) =>
          value !== undefined && (
            <div key={index} class={isId ? 'property-id' : undefined}>
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
