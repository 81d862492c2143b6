import { useEffect, useState } from 'preact/hooks';

/** The address of a request on this page. */
export function permalinkOf(spanId: string): string {
  return `#${new URLSearchParams({ request: spanId })}`;
}

function spanIdInAddress(): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get('request') ?? undefined;
}

/** The request in the page's address, and functions to change that. */
export function usePermalink(): {
  readonly spanId: string | undefined;
  /** Opens it; the browser's back button returns to what was open before. */
  open(spanId: string): void;
  /** Opens it in place of the one that is open. */
  replace(spanId: string): void;
  close(): void;
} {
  const [spanId, setSpanId] = useState(spanIdInAddress);
  useEffect(() => {
    const update = (): void => setSpanId(spanIdInAddress());
    addEventListener('hashchange', update);
    return () => removeEventListener('hashchange', update);
  }, []);
  return {
    spanId,
    open: (id) => {
      location.hash = permalinkOf(id);
    },
    replace: (id) => location.replace(permalinkOf(id)),
    close: () => {
      // At once, not with the event: the focus returns to a list that the detail has covered.
      setSpanId(undefined);
      location.hash = '';
    },
  };
}
