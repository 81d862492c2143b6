import { BoundedTexts, type TextLimits } from './bounded-texts.js';
import { cloudWatchEvents, openEnvelope, type Enveloped } from './envelopes.js';
import { JsonDocument, parseObject } from './json-document.js';
import { type LineOrigin, NO_CHANNEL, within } from './line-origin.js';
import { LinePrefixes, type LinePrefix } from './line-prefixes.js';
import type { LogLine } from './log-line.js';
import { entriesOf } from './otlp-entries.js';
import { readLine } from './read-line.js';
import { hasStyles, withoutStyles } from './terminal-text.js';
import { isBelowEntry, isTextEntry, readTextEntry } from './text-entry.js';

/** Receivers of what is read. */
export interface EntryReceivers {
  readonly line: (line: LogLine, bytes: number) => void;
  /** Receives a line that is no entry. The bytes may be overwritten later. */
  readonly other: (bytes: Buffer) => void;
}

/** Of entries of the text format that wait for lines below them, and of lines that come in parts. */
const LIMITS: TextLimits = {
  texts: 1000,
  parts: 256,
  characters: 2 ** 20,
  allCharacters: 8 * 2 ** 20,
};
const STACK_LIMITS: TextLimits = { ...LIMITS, parts: 10_000 };
/** As a log shipper that reads another one's output. */
const MAX_ENVELOPES = 2;
const ESCAPE = 0x1b;
const BRACE = '{'.charCodeAt(0);

/**
 * Reads the entries of one source: JSON and this package's text format, by themselves, behind
 * prefixes, and in the envelopes of log shippers.
 */
export class EntryReader {
  /** Whether each line so far was whole by itself, so that others can be skipped unread. */
  isPlain = false;
  private isPlainSoFar = true;
  /** Whether there was an entry of the text format. */
  private hasTexts = false;
  private readonly prefixes = new LinePrefixes();
  private document: JsonDocument | undefined;
  /** The prefix of a line that has nothing else: `aws` prints a document below it. */
  private header: LinePrefix | undefined;
  private readonly texts = new BoundedTexts<LineOrigin | undefined>(STACK_LIMITS, (rows, origin) =>
    this.receivers.line(readTextEntry(rows, origin), lengthOf(rows)),
  );
  private readonly parts = new BoundedTexts<LineOrigin>(LIMITS, (parts, origin) => {
    const text = parts.join('');
    if (!this.readBody(text, origin, 1)) this.pass(text);
  });

  constructor(private readonly receivers: EntryReceivers) {}

  /** Reads a line of the source. */
  take(bytes: Buffer, start: number, end: number): void {
    // This also removes a byte order mark.
    const text = bytes.toString('utf8', start, end);
    if (this.document !== undefined && this.takeInDocument(text)) return;
    const trimmed = text.trimStart();
    // What is below an entry of text may be any text, also of somebody else.
    if (trimmed.charCodeAt(0) === BRACE && !(this.hasTexts && isBelowEntry(text))) {
      if (this.texts.size > 0) this.texts.close(NO_CHANNEL);
      const json = parseObject(trimmed);
      if (json !== undefined) {
        if (!this.readJson(json, trimmed, undefined, 0)) {
          this.receivers.other(bytes.subarray(start, end));
        } else if (this.isPlainSoFar) this.isPlain = true;
        return;
      }
    }
    if (!this.readText(text)) this.receivers.other(bytes.subarray(start, end));
  }

  /** Closes what has waited since that time, in milliseconds, for more lines. */
  closeOlder(openedBefore: number): void {
    this.texts.closeOlder(openedBefore);
  }

  /** Closes everything at the end of the source. */
  end(): void {
    this.abandonDocument();
    this.parts.closeAll();
    this.texts.closeAll();
  }

  /** Reads a line that is no JSON object by itself. Returns `false` for one that is no entry. */
  private readText(line: string): boolean {
    const text = hasStyles(line) ? withoutStyles(line) : line;
    if (this.readBody(text, undefined, 0)) return true;
    const { header } = this;
    this.header = undefined;
    this.document = JsonDocument.begin(text);
    if (this.document !== undefined) {
      this.header = header;
      this.texts.close(NO_CHANNEL);
      return true;
    }
    const prefix = this.prefixes.read(text);
    if (prefix === undefined) return this.endText(NO_CHANNEL);
    const body = text.slice(prefix.end);
    if (prefix.isPartial || this.parts.has(prefix.channel)) {
      this.takePart(body, prefix, prefix.isPartial);
      return true;
    }
    if (this.readBody(body, prefix, 0)) return true;
    if (body.trim() === '') this.header = prefix;
    return this.endText(prefix.channel);
  }

  /** No entry continues behind text that is none. */
  private endText(channel: string): false {
    this.texts.close(channel);
    return false;
  }

  /** Reads what is behind a prefix or in an envelope. Returns `false` for what is no entry. */
  private readBody(body: string, origin: LineOrigin | undefined, depth: number): boolean {
    const channel = origin?.channel ?? NO_CHANNEL;
    if (isBelowEntry(body)) {
      if (!this.texts.has(channel)) return false;
      this.texts.add(channel, body);
      return true;
    }
    if (isTextEntry(body)) {
      this.texts.close(channel);
      this.isPlainSoFar = this.isPlain = false;
      this.hasTexts = true;
      this.texts.open(channel, body, origin);
      return true;
    }
    if (origin === undefined) return false;
    const trimmed = body.trimStart();
    const json = parseObject(trimmed);
    if (json === undefined) return false;
    this.texts.close(channel);
    return this.readJson(json, trimmed, origin, depth);
  }

  private readJson(
    json: object,
    text: string,
    origin: LineOrigin | undefined,
    depth: number,
  ): boolean {
    if (origin !== undefined) this.isPlainSoFar = this.isPlain = false;
    let isRead = false;
    for (const entry of entriesOf(json)) {
      const isWhole = entry === json;
      if (this.readEntry(entry, isWhole ? text : undefined, text.length, origin, depth)) {
        isRead = true;
      }
    }
    return isRead;
  }

  private readEntry(
    entry: object,
    text: string | undefined,
    bytes: number,
    origin: LineOrigin | undefined,
    depth: number,
  ): boolean {
    const line = readLine(entry, text, origin);
    if ((line === undefined || mayBeEnvelope(line)) && depth < MAX_ENVELOPES) {
      const enveloped = openEnvelope(entry);
      if (enveloped !== undefined) return this.readEnveloped(enveloped, origin, bytes, depth);
      const events = line === undefined ? cloudWatchEvents(entry) : undefined;
      for (const event of events ?? []) {
        this.readEntry(event, undefined, bytes / events!.length, origin, depth + 1);
      }
      if (events !== undefined) return true;
    }
    if (line === undefined) return false;
    this.receivers.line(line, bytes);
    return true;
  }

  private readEnveloped(
    { body, origin, isPartial, entry }: Enveloped,
    outside: LineOrigin | undefined,
    bytes: number,
    depth: number,
  ): boolean {
    this.isPlainSoFar = this.isPlain = false;
    const inner = outside === undefined ? origin : within(outside, origin);
    if (this.parts.has(inner.channel)) {
      this.takePart(body, inner, !body.endsWith('\n'));
      return true;
    }
    const text = hasStyles(body) ? withoutStyles(body) : body;
    if (this.readBody(text, inner, depth + 1)) return true;
    if (isPartial && parseObject(text) === undefined) this.takePart(body, inner, true);
    else {
      this.texts.close(inner.channel);
      const line = entry === undefined ? undefined : readLine(entry, undefined, inner);
      if (line === undefined) this.pass(body);
      else this.receivers.line(line, bytes);
    }
    return true;
  }

  private takePart(text: string, origin: LineOrigin, isPartial: boolean): void {
    const { channel } = origin;
    this.isPlainSoFar = this.isPlain = false;
    const part = isPartial ? text.replace(/\r?\n$/, '') : text;
    if (this.parts.has(channel)) this.parts.add(channel, part);
    else this.parts.open(channel, part, origin);
    if (!isPartial) this.parts.close(channel);
  }

  private takeInDocument(text: string): boolean {
    const place = this.document!.add(text);
    if (place === 'other') {
      this.abandonDocument();
      return false;
    }
    if (place === 'last') this.endDocument(this.document!);
    return true;
  }

  private endDocument(document: JsonDocument): void {
    const entries = document.entries();
    const bytes = lengthOf(document.lines) / Math.max(entries?.length ?? 0, 1);
    this.isPlainSoFar = this.isPlain = false;
    let isRead = false;
    for (const entry of entries ?? []) {
      if (this.readEntry(entry, undefined, bytes, this.header, 0)) isRead = true;
    }
    if (isRead) this.document = this.header = undefined;
    else this.abandonDocument();
  }

  private abandonDocument(): void {
    const { document } = this;
    this.document = this.header = undefined;
    for (const row of document?.lines ?? []) this.pass(row);
  }

  private pass(text: string): void {
    this.receivers.other(Buffer.from(text.endsWith('\n') ? text : `${text}\n`));
  }
}

/** Whether a line may be an event or a wrapper whose message is the line itself. */
function mayBeEnvelope({ level, message }: LogLine): boolean {
  if (level === '') return true;
  const first = message.charCodeAt(0);
  return first === BRACE || first === ESCAPE || isTextEntry(message);
}

function lengthOf(rows: readonly string[]): number {
  return rows.reduce((sum, row) => sum + row.length, 0);
}
