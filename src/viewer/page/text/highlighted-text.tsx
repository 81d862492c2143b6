import type { JSX } from 'preact';
import { visibleText } from './visible-text.js';

const SPECIAL = /[\\^$.*+?()[\]{}|]/g;

interface HighlightedTextProps {
  readonly text: string;
  /** What was searched for. */
  readonly words: readonly string[];
}

/** Text from outside, in which what was searched for is marked. */
export function HighlightedText({ text, words }: HighlightedTextProps): JSX.Element {
  const shown = visibleText(text);
  if (words.length === 0) return <>{shown}</>;
  // Splitting by a group puts what matched at every second place.
  return (
    <>
      {shown
        .split(patternOf(words))
        .map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}
    </>
  );
}

let latest: { readonly words: readonly string[]; readonly pattern: RegExp } | undefined;

/** All rows are marked for the same words. */
function patternOf(words: readonly string[]): RegExp {
  if (latest?.words !== words) {
    // At one place the longest is marked.
    const sorted = words.toSorted((a, b) => b.length - a.length);
    const any = sorted.map((word) => word.replace(SPECIAL, String.raw`\$&`)).join('|');
    latest = { words, pattern: new RegExp(`(${any})`, 'gi') };
  }
  return latest.pattern;
}
