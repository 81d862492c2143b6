import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { SplitHandle } from '../split-handle.js';
import { Icon } from '../parts/icon.js';

interface DetailFrameProps {
  readonly title: ComponentChildren;
  /** Another value moves the focus to the title again. */
  readonly subject: unknown;
  /** Badges beside the title. */
  readonly badges?: ComponentChildren;
  /** Buttons for the requests before and after. */
  readonly navigation?: ComponentChildren;
  /** What is not scrolled away. */
  readonly top?: ComponentChildren;
  readonly children: ComponentChildren;
  onClose(): void;
}

/** The panel of a request or line that was opened. It takes the focus until it is closed. */
export function DetailFrame(props: DetailFrameProps): JSX.Element {
  const title = useRef<HTMLHeadingElement>(null);
  const body = useRef<HTMLDivElement>(null);
  // Before anything in it scrolls to where it is.
  useLayoutEffect(() => {
    title.current!.focus({ preventScroll: true });
    body.current!.scrollTop = 0;
  }, [props.subject]);
  return (
    <>
      <SplitHandle />
      <section class="detail" aria-labelledby="detail-title">
        <header class="detail-head">
          <h2 id="detail-title" ref={title} tabIndex={-1}>
            {props.title}
          </h2>
          <p class="detail-badges">{props.badges}</p>
          <div class="detail-navigation">
            {props.navigation}
            <button
              type="button"
              class="icon-button"
              aria-label="Close"
              title="Close (Esc)"
              onClick={props.onClose}
            >
              <Icon name="close" />
            </button>
          </div>
        </header>
        {props.top}
        <div class="detail-body" ref={body} role="group" aria-label="Details" tabIndex={0}>
          {props.children}
        </div>
      </section>
    </>
  );
}
