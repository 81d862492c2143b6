import type { JSX } from 'preact';
import { titleOf } from '../request-title.js';
import type { ViewRequest } from '../view-records.js';
import { permalinkOf } from './model/address.js';
import { HighlightedText } from './text/highlighted-text.js';
import { visibleText } from './text/visible-text.js';

interface RequestTitleProps {
  readonly record: ViewRequest;
  /** The name of its user. */
  readonly user: string | undefined;
  /** What is marked in it. */
  readonly words: readonly string[];
  readonly isOpen: boolean;
  readonly tabIndex: 0 | -1;
}

/** The title of a request, as in `Alice · POST /api/payment`: a link that opens it. */
export function RequestTitle({
  record,
  user,
  words,
  isOpen,
  tabIndex,
}: RequestTitleProps): JSX.Element {
  const title = titleOf(record);
  const space = title.indexOf(' ') + 1;
  return (
    <p class="request-title">
      <a
        href={permalinkOf(record.spanId)}
        tabIndex={tabIndex}
        aria-current={isOpen ? 'true' : undefined}
        title={visibleText(title)}
        data-target
      >
        {user !== undefined && (
          <>
            <span class="user">
              <HighlightedText text={user} words={words} />
            </span>
            {' · '}
          </>
        )}
        {space > 0 && <span class="method">{visibleText(title.slice(0, space))}</span>}
        <HighlightedText text={title.slice(space)} words={words} />
      </a>
    </p>
  );
}
