import { escapeText } from '../../records/control-characters.js';
import {
  accessLogText,
  isAccessLogEntry,
  isInAccessLogText,
  stepsText,
} from '../../records/access-log-text.js';
import { errorText } from '../../records/error-text.js';
import { isPlainWord } from '../../records/field-pair.js';
import { ACCESS_LOG_FIELD_NAMES } from '../../records/fields.js';
import { fits, moreCharacters, simpleJson } from '../../records/json-text.js';
import { JsonWriter } from '../../records/json-writer.js';
import { readProperty } from '../../records/json-value.js';
import { redactedField, type Redaction } from '../../records/redaction.js';
import type { TraceScope } from '../../trace/trace.js';
import type { CapturedEntry } from '../winston/captured-entry.js';
import { fieldsInOrder, isSmall } from './cut-line.js';

// These are on every line already, in front of the message, or are for machines.
const ON_LINE = new Set(['level', 'message', 'context', 'timestamp']);
const ID_NAMES = new Set(['trace_id', 'request_id', 'session_id', 'span_id']);

/** Whether a line of text has a field at its place, or leaves it out. */
export function isOnLine(key: string): boolean {
  return ON_LINE.has(key) || ID_NAMES.has(key);
}

/** Writes the fields of one entry as text: ` name=value` each. */
export class TextPairs {
  /** Whether something was too large. */
  isOver = false;
  private writer: JsonWriter | undefined;

  /**
   * @param isCutting whether what does not fit is cut.
   * @param before what gave up on the same entry.
   */
  constructor(
    private readonly redaction: Redaction,
    readonly room: number,
    private readonly isCutting: boolean,
    private readonly before?: TextPairs,
  ) {}

  pair(key: string, value: unknown): string {
    if (key.length > this.room) {
      this.isOver = true;
      return '';
    }
    const isObject = typeof value === 'object' && value !== null;
    const { paths } = this.redaction;
    if (isObject || paths !== undefined || this.redaction.name(key).verdict !== 'plain') {
      return this.written(key, value);
    }
    if (typeof value === 'string' && value.length > this.room) return this.written(key, value);
    const shown = typeof value === 'string' && isPlainWord(value) ? value : simpleJson(value);
    return shown === undefined ? '' : ` ${escapeText(key)}=${shown}`;
  }

  /** Lines below the entry. */
  block(text: string): string {
    if (text.length <= this.room) return indent(text);
    this.isOver = true;
    return '';
  }

  /** @param bytes how much it may have. */
  cutPair(key: string, value: unknown, bytes: number): string {
    this.writer ??= new JsonWriter(this.redaction, 0, this.isCutting, this.before?.writer);
    this.writer.left = bytes;
    return this.written(key, value);
  }

  private written(key: string, value: unknown): string {
    this.writer ??= new JsonWriter(this.redaction, this.room, this.isCutting);
    const json = this.writer.member(key, value);
    if (this.writer.isOver) this.isOver = true;
    if (json === undefined) return '';
    const text = json.slice(1, -1);
    return ` ${escapeText(key)}=${json.startsWith('"') && isPlainWord(text) ? text : json}`;
  }
}

/** The phrase that an access log line has behind its message. */
export function phraseOf(entry: CapturedEntry, redaction: Redaction): string {
  if (!redaction.isCustom) return escapeText(accessLogText(entry));
  const shown = ACCESS_LOG_FIELD_NAMES.map((name) => {
    return [name, redactedField(redaction, [name], readProperty(entry, name))] as const;
  });
  return escapeText(accessLogText(Object.fromEntries(shown)));
}

export function stepsBlock(entry: CapturedEntry): string {
  return stepsText(entry).map(indent).join('');
}

/** Lines below an entry start with white space, so that none can be taken for an entry. */
function indent(block: string): string {
  return block
    .split('\n')
    .map((line) => `\n    ${escapeText(line)}`)
    .join('');
}

/** The start of a text, which says how much is missing. */
export function cutTo(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length)}${moreCharacters(text.length - length)}`;
}

/** ` truncated=true omitted_fields=1000000`. */
const END_BYTES = 48;
const LEAST_BYTES = 64;
const MAX_PHRASE = 2000;

/**
 * Cuts a line of text that is too large, as JSON is cut: time, level and ids are whole, the message
 * and the error have at least a quarter each, and the fields share what is left.
 */
export function cutTextLine(
  entry: CapturedEntry,
  scope: TraceScope | null,
  error: Error | undefined,
  head: string,
  message: string,
  redaction: Redaction,
  room: number,
  before: TextPairs | undefined,
): string {
  const isAccessLog = isAccessLogEntry(entry);
  const phrase = isAccessLog ? cutTo(phraseOf(entry, redaction), MAX_PHRASE) : '';
  let left = room - END_BYTES - Buffer.byteLength(head) - Buffer.byteLength(phrase);
  const quarter = Math.max(left >> 2, 0);
  const messageBytes = Math.min(message.length, quarter);
  left -= messageBytes;
  let blocks = '';
  const addBlock = (text: string, bytes: number): void => {
    const block = cutAs(text, bytes, indent);
    blocks += block;
    left -= Buffer.byteLength(block);
  };
  if (error !== undefined) addBlock(errorText(error, redaction), quarter);
  const fields = fieldsInOrder({ entry, error, renamed: undefined, fields: scope?.fields }).filter(
    ({ name }) => !isOnLine(name) && !(isAccessLog && isInAccessLogText(name)),
  );
  const pairs = new TextPairs(redaction, room, true, before);
  let text = '';
  let omitted = 0;
  for (let i = 0; i < fields.length; i++) {
    if (left < LEAST_BYTES) {
      omitted += fields.length - i;
      break;
    }
    const { name, value } = fields[i]!;
    const share = isSmall(value) ? left : Math.floor(left / (fields.length - i));
    const bytes = Math.min(Math.max(share, LEAST_BYTES), left) - Math.min(name.length + 2, left);
    const isStack = name === 'stack' && typeof value === 'string';
    const pair = bytes < LEAST_BYTES || isStack ? undefined : pairs.cutPair(name, value, bytes);
    if (isStack) addBlock(value, bytes);
    else if (pair === undefined || Buffer.byteLength(pair) > left) omitted++;
    else {
      text += pair;
      left -= Buffer.byteLength(pair);
    }
  }
  if (isAccessLog && left > LEAST_BYTES) {
    const steps = cutLines(stepsText(entry), left);
    blocks += steps;
    left -= Buffer.byteLength(steps);
  }
  const end = omitted > 0 ? ` truncated=true omitted_fields=${omitted}` : ' truncated=true';
  const start = cutAs(message, Math.max(left + messageBytes, 0), escapeText);
  const line = `${head}${start}${phrase}${text}${end}${blocks}`;
  return fits(line, room) ? line : cutAs(`${head}${start}`, room, (whole) => whole);
}

/** The lines of a block that fit. */
function cutLines(lines: readonly string[], maxBytes: number): string {
  let block = '';
  let left = maxBytes - LEAST_BYTES;
  for (let i = 0; i < lines.length; i++) {
    const line = indent(lines[i]!);
    left -= Buffer.byteLength(line);
    if (left < 0) return `${block}${indent(`[${lines.length - i} more steps]`)}`;
    block += line;
  }
  return block;
}

/** A text as it is shown, cut to a number of bytes. */
function cutAs(text: string, maxBytes: number, show: (text: string) => string): string {
  if (text.length <= maxBytes) {
    const shown = show(text);
    if (Buffer.byteLength(shown) <= maxBytes) return shown;
  }
  // JSON escapes at least what text escapes, but has no indentation.
  let kept = Math.max(Math.min(text.length, maxBytes) - LEAST_BYTES, 0);
  while (kept > 0) {
    const shown = show(cutTo(text, kept));
    if (Buffer.byteLength(shown) <= maxBytes) return shown;
    kept = Math.floor(kept * 0.7);
  }
  return '';
}
