import { readFileSync } from 'node:fs';
import { headingSlug } from '../../docs/.vitepress/heading-slug.js';

/** A fenced block of code. */
export interface CodeBlock {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** The line of the Markdown that the first line of the code is in, from 1. */
  readonly line: number;
  /** What `<!-- check: … -->` above the block says, without `check:`. */
  readonly check?: string | undefined;
}

/** A heading, with the line it is in. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly slug: string;
  readonly line: number;
}

/** The target of a link or a picture. */
export interface Link {
  readonly target: string;
  readonly line: number;
  readonly isImage: boolean;
}

/** A file of Markdown, as the checks of the documentation see it. */
export interface Page {
  /** The path in the repository. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly blocks: readonly CodeBlock[];
  readonly headings: readonly Heading[];
  readonly links: readonly Link[];
}

/** What is wrong, and where. */
export interface Finding {
  readonly page: string;
  readonly line: number;
  readonly message: string;
}

const FENCE = /^(\s*(?:> ?)*\s*)(`{3,}|~{3,})\s*([\w-]*)/;
const CHECK = /^<!--\s*check:\s*([^]*?)\s*-->$/;
const LINK =
  /(!?)\[(?:[^[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s>]+(?:\([^()\s]*\))?)>?(?:\s+"[^"]*")?\s*\)/g;
const REFERENCE = /^\s*\[[^\]]+\]:\s*(\S+)/;
const HTML_TARGET = /<(img|a)\b[^>]*?\b(?:src|href)="([^"]+)"/g;

/** Reads a page of the repository at `root`. */
export function readPage(path: string, root = '.'): Page {
  return parsePage(path, readFileSync(`${root}/${path}`, 'utf8'));
}

/** Reads Markdown: its blocks of code, headings and links. */
export function parsePage(path: string, text: string): Page {
  const lines = text.split(/\r?\n/);
  const blocks: CodeBlock[] = [];
  const headings: Heading[] = [];
  const links: Link[] = [];
  const slugs = new Map<string, number>();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const end = endOfBlock(lines, index, fence[2]!);
      blocks.push(readBlock(path, lines, index, end, fence));
      index = end;
      continue;
    }
    const heading = /^(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line);
    if (heading !== null) {
      const [, marks, title] = heading;
      const slug = uniqueSlug(headingSlug(plainText(title!)), slugs);
      headings.push({ level: marks!.length, text: title!, slug, line: index + 1 });
    }
    links.push(...linksOf(line).map((link) => ({ ...link, line: index + 1 })));
  }
  return { path, lines, blocks, headings, links };
}

/** `docs/logging.md:12: …`, which editors and terminals open. */
export function findingText({ page, line, message }: Finding): string {
  return `${page}:${line}: ${message}`;
}

/** The index of the line that closes the block, or the end of the page. */
function endOfBlock(lines: readonly string[], start: number, marks: string): number {
  const close = new RegExp(`^\\s*(?:> ?)*\\s*${marks[0]}{${marks.length},}\\s*$`);
  const end = lines.findIndex((line, index) => index > start && close.test(line));
  return end === -1 ? lines.length : end;
}

function readBlock(
  page: string,
  lines: readonly string[],
  start: number,
  end: number,
  [, indent, , language]: RegExpExecArray,
): CodeBlock {
  const code = lines
    .slice(start + 1, end)
    .map((line) => (line.startsWith(indent!) ? line.slice(indent!.length) : line.trimStart()))
    .join('\n');
  const above = lines.slice(0, start).join('\n').trimEnd();
  const comment = above.endsWith('-->') ? above.slice(above.lastIndexOf('<!--')) : '';
  return { page, language: language!, code, line: start + 2, check: CHECK.exec(comment)?.[1] };
}

function linksOf(line: string): Omit<Link, 'line'>[] {
  const text = line.replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length));
  const reference = REFERENCE.exec(text);
  return [
    ...[...text.matchAll(LINK)].map(([, mark, target]) => ({
      target: target!,
      isImage: mark === '!',
    })),
    // The picture that a link wraps: [![…](picture)](target).
    ...[...text.matchAll(/\[!\[[^\]]*\]\(([^)\s]+)\)\]/g)].map(([, target]) => ({
      target: target!,
      isImage: true,
    })),
    ...[...text.matchAll(HTML_TARGET)].map(([, tag, target]) => ({
      target: target!,
      isImage: tag === 'img',
    })),
    ...(reference === null ? [] : [{ target: reference[1]!, isImage: false }]),
  ];
}

/** A heading without its marks: `code`, **bold**, [link](target). */
function plainText(title: string): string {
  return title
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`]/g, '')
    .replace(/(\*\*|__)(.+?)\1/g, '$2')
    .replace(/\*(.+?)\*/g, '$1');
}

function uniqueSlug(slug: string, seen: Map<string, number>): string {
  const count = seen.get(slug) ?? 0;
  seen.set(slug, count + 1);
  return count === 0 ? slug : `${slug}-${count}`;
}
