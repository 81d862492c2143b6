import type { DeclaredOption } from './declared-options.js';
import type { Finding, Heading, Page } from './markdown.js';

/** The page that lists all options. */
export const OPTIONS_PAGE = 'docs/options.md';

interface Part {
  readonly from: number;
  /** The line behind its last. */
  readonly to: number;
}

/**
 * Checks that the page has each option with its type, default and an example: below a heading of
 * its own, or in a row of a table.
 */
export function checkOptionsPage(page: Page, options: readonly DeclaredOption[]): Finding[] {
  return options.flatMap((option) => {
    const { taker, path } = option;
    const of = page.headings.find(({ text }) => inCode(text, taker));
    if (of === undefined) {
      return [{ page: page.path, line: 1, message: `no heading has \`${taker}\` (${path})` }];
    }
    const wrong = wrongEntry(page, partOf(page, of), option);
    return wrong === undefined ? [] : [{ page: page.path, ...wrong }];
  });
}

type Wrong = Omit<Finding, 'page'> | undefined;

function wrongEntry(page: Page, part: Part, { taker, path }: DeclaredOption): Wrong {
  const heading = page.headings.find(
    ({ line, text }) => isIn(part, line) && text.replace(/\\/g, '').includes(`\`${path}\``),
  );
  if (heading !== undefined) return wrongSection(page, heading, path);
  const row = rowOf(page, part, path);
  if (row === undefined) return { line: part.from, message: `${taker} has no \`${path}\`` };
  return wrongRow(page, row, path);
}

function wrongSection(page: Page, heading: Heading, path: string): Wrong {
  const { from, to } = ownPart(page, heading);
  const text = page.lines.slice(from - 1, to - 1).join('\n');
  const missing = ['Type', 'Default'].filter(
    (word) => !new RegExp(`\\b${word}\\b`, 'i').test(text),
  );
  if (missing.length > 0)
    return { line: from, message: `\`${path}\` has no ${missing.join(', ')}` };
  return hasExample(page, partOf(page, heading), path)
    ? undefined
    : { line: from, message: `\`${path}\` has no example` };
}

function wrongRow(page: Page, line: number, path: string): Wrong {
  let header = line;
  while (header > 1 && page.lines[header - 2]!.trimStart().startsWith('|')) header--;
  const columns = cellsOf(page.lines[header - 1]!).map((cell) => cell.toLowerCase());
  const missing = ['type', 'default'].filter((name) => {
    const index = columns.findIndex((column) => column.includes(name));
    return index === -1 || (cellsOf(page.lines[line - 1]!)[index] ?? '') === '';
  });
  if (missing.length > 0) return { line, message: `\`${path}\` has no ${missing.join(', ')}` };
  const heading = page.headings.findLast((one) => one.line < line)!;
  return hasExample(page, partOf(page, heading), path)
    ? undefined
    : { line, message: `\`${path}\` has no example under "${heading.text}"` };
}

/** The line of the row whose first cell has the option. */
function rowOf({ lines }: Page, part: Part, path: string): number | undefined {
  const index = lines.findIndex(
    (line, at) =>
      isIn(part, at + 1) &&
      line.trimStart().startsWith('|') &&
      (cellsOf(line)[0] ?? '').includes(`\`${path}\``),
  );
  return index === -1 ? undefined : index + 1;
}

function cellsOf(row: string): string[] {
  return row
    .replace(/\\\|/g, '\u0001')
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.replaceAll('\u0001', '|').trim());
}

function hasExample({ blocks }: Page, part: Part, path: string): boolean {
  const name = path.slice(path.lastIndexOf('.') + 1);
  const isUsed = new RegExp(`\\b${name}\\b`);
  return blocks.some(
    ({ language, line, code }) => language === 'ts' && isIn(part, line) && isUsed.test(code),
  );
}

/** From a heading to the next of its level or above. */
function partOf({ headings, lines }: Page, heading: Heading): Part {
  const next = headings.find(({ line, level }) => line > heading.line && level <= heading.level);
  return { from: heading.line, to: next?.line ?? lines.length + 1 };
}

/** From a heading to the next one. */
function ownPart({ headings, lines }: Page, heading: Heading): Part {
  const next = headings.find(({ line }) => line > heading.line);
  return { from: heading.line, to: next?.line ?? lines.length + 1 };
}

function isIn({ from, to }: Part, line: number): boolean {
  return line >= from && line < to;
}

function inCode(text: string, name: string): boolean {
  return [...text.matchAll(/`([^`]+)`/g)].some(([, code]) => code!.replace(/\(.*$/, '') === name);
}
