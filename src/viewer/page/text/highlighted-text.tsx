import type { JSX } from 'preact';
import { visibleText } from './visible-text.js';

const SPECIAL = /[\\^$.*+?()[\]{}|]/g;

interface HighlightedTextProps {
  readonly text: string;
  /** What was searched for. */
  readonly query: string;
}

/** Text from outside, in which what was searched for is marked. */
export function HighlightedText({ text, query }: HighlightedTextProps): JSX.Element {
  const shown = visibleText(text);
  if (query === '') return <>{shown}</>;
  const parts = shown.split(new RegExp(`(${query.replace(SPECIAL, String.raw`\$&`)})`, 'gi'));
  // Splitting by a group puts what matched at every second place.
  return (
    <>{parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}</>
  );
}
