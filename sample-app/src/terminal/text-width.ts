const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What terminals show in two columns: most emoji, and the characters of East Asia. */
const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6]|\uFE0F/u;
const ELLIPSIS = '…';
/** More code units than any text of that width needs, so that marks upon marks have an end. */
const UNITS_PER_COLUMN = 8;

/** How many columns of a terminal the text takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

/** The text in exactly so many columns: cut with an ellipsis, or filled with spaces. */
export function fit(text: string, columns: number): string {
  const bounded = text.slice(0, columns * UNITS_PER_COLUMN);
  const isWhole = bounded.length === text.length && textWidth(text) <= columns;
  const room = isWhole ? columns : columns - 1;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(bounded)) {
    if (width + widthOf(segment) > room) break;
    kept += segment;
    width += widthOf(segment);
  }
  if (!isWhole) kept += ELLIPSIS;
  return kept + ' '.repeat(room - width);
}

function widthOf(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}
