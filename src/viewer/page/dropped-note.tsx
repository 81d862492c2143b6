import type { JSX } from 'preact';

interface DroppedNoteProps {
  readonly dropped: { readonly requests: number; readonly lines: number; readonly spans: number };
}

/** How many records were dropped, because there were too many. */
export function DroppedNote({ dropped }: DroppedNoteProps): JSX.Element | null {
  const parts = [
    counted(dropped.requests, 'request'),
    counted(dropped.lines, 'line'),
    counted(dropped.spans, 'span'),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return null;
  return (
    <p class="dropped" title="When there are too many records to keep, the oldest are dropped.">
      {parts.join(', ')} dropped
    </p>
  );
}

function counted(count: number, noun: string): string | undefined {
  return count === 0 ? undefined : `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
