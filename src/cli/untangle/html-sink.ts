import { readFile } from 'node:fs/promises';
import { FifoQueue } from '../../records/fifo-queue.js';
import { jsonValue } from '../../records/json-value.js';
import { exportPage } from '../../viewer/export-page.js';
import type { ViewDrops, ViewExport } from '../../viewer/view-records.js';
import type { LineFilter } from './line-filter.js';
import type { LogLine } from './log-line.js';
import { PageFile } from './page-file.js';
import type { RequestGroup } from './request-groups.js';
import type { Sink } from './sink.js';
import { LogRecordConverter } from './records-from-log.js';

/** Where the built page of the trace viewer is. */
const PAGE_FOLDER = new URL(
  'dist/viewer-page/',
  import.meta.resolve('nestjs-tracing/package.json'),
);
/** `ViewExport` as JSON replaces `null`. */
const PLACE = /(<script\b[^>]*\bid="?records"?[^>]*>)null(<\/script>)/;

const MAX_REQUESTS = 5000;
const MAX_LINES = 50_000;
const MAX_CHARACTERS = 64 * 2 ** 20;

/** A request with its lines, or a line outside of requests: JSON without the brackets around it. */
interface Piece {
  readonly json: string;
  readonly requests: number;
  readonly lines: number;
}

/** Writes a page of the trace viewer. Beyond the limits, the oldest requests and lines are left out. */
export class HtmlSink implements Sink {
  private readonly pieces = new FifoQueue<Piece>();
  private kept = { requests: 0, lines: 0, characters: 0 };
  private left = { requests: 0, lines: 0 };
  private readonly records: LogRecordConverter;

  private constructor(
    private readonly file: PageFile,
    private readonly source: string,
    private readonly template: readonly [before: string, after: string],
    filter: LineFilter,
  ) {
    this.records = new LogRecordConverter((line) => filter.passesLevel(line));
  }

  /**
   * @throws {WrongUseError} if the page may not be written to that file.
   * @throws {Error} where the page was never built.
   */
  static async open(
    name: string,
    sources: readonly string[],
    filter: LineFilter,
    isForced: boolean,
  ): Promise<HtmlSink> {
    const file = await PageFile.open(name, sources, isForced);
    const [script, style] = await Promise.all([pageFile('page.js'), pageFile('page.css')]);
    const html = exportPage(script, style);
    const place = PLACE.exec(html);
    if (place === null)
      throw new Error(`no place for records in the page of ${PAGE_FOLDER.pathname}`);
    const begin = place.index + place[1]!.length;
    const end = place.index + place[0].length - place[2]!.length;
    return new HtmlSink(file, sources.join(', '), [html.slice(0, begin), html.slice(end)], filter);
  }

  group(group: RequestGroup): void {
    const records = this.records.ofGroup(group);
    const requests = records[0]?.type === 'request' ? 1 : 0;
    this.add({ json: jsonOf(records), requests, lines: records.length - requests });
  }

  line(line: LogLine): void {
    this.add({ json: jsonOf([this.records.ofLine(line)]), requests: 0, lines: 1 });
  }

  beginSource(): void {}

  /** Input that is no entry is not shown on the page. */
  other(): void {}

  async flush(): Promise<void> {}

  /** How much is on the page, and how much was left out. */
  get summary(): string {
    const { requests, lines } = this.kept;
    const included = `${counted(requests, 'request')} and ${counted(lines, 'line')}`;
    if (this.left.requests + this.left.lines === 0) return included;
    const left = `${counted(this.left.requests, 'request')} and ${counted(this.left.lines, 'line')}`;
    return `the newest ${included}; left out ${left} before them`;
  }

  async end(): Promise<void> {
    await this.file.write(this.html());
  }

  private *html(): Generator<string> {
    const [before, after] = this.template;
    const head: Omit<ViewExport, 'records'> = {
      exportedAt: new Date().toISOString(),
      source: this.source,
    };
    yield before;
    yield `${escapeMarkup(JSON.stringify(head)).slice(0, -1)},"records":[`;
    const drops: ViewDrops = { type: 'drops', ...this.left, spans: 0 };
    yield JSON.stringify(drops);
    for (const { json } of this.pieces.slice()) yield `,${json}`;
    yield `]}${after}`;
  }

  private add(piece: Piece): void {
    this.pieces.push(piece);
    this.count(piece, 1);
    const { kept } = this;
    while (
      kept.requests > MAX_REQUESTS ||
      kept.lines > MAX_LINES ||
      kept.characters > MAX_CHARACTERS
    ) {
      this.dropFirst();
    }
  }

  private dropFirst(): void {
    const piece = this.pieces.shift()!;
    this.count(piece, -1);
    this.left.requests += piece.requests;
    this.left.lines += piece.lines;
  }

  private count({ requests, lines, json }: Piece, sign: 1 | -1): void {
    this.kept.requests += sign * requests;
    this.kept.lines += sign * lines;
    this.kept.characters += sign * json.length;
  }
}

function pageFile(name: string): Promise<string> {
  return readFile(new URL(name, PAGE_FOLDER), 'utf8');
}

function jsonOf(records: readonly object[]): string {
  return escapeMarkup(arrayJson(records).slice(1, -1));
}

function arrayJson(records: readonly object[]): string {
  try {
    return JSON.stringify(records);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Nested too deep for the stack.
    return jsonValue(records) ?? '[]';
  }
}

/** Text from a log can neither end the script element that it is in, nor begin another. */
function escapeMarkup(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

function counted(count: number, word: string): string {
  return `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
}
