import { escapeText } from '../../../records/control-characters.js';
import { durationText } from '../../duration-text.js';
import { plainJson } from '../../plain-json.js';
import { numberIn, rowIn, rowsIn, textIn, type AnswerRow } from './answer-reader.js';

/* Rows of answers as text: no control character of a log gets into it. */

const MAX_DEPTH = 16;

/** One request as lines of text: what {@link showRequest} has in `data`. */
export function shownRequestText(data: AnswerRow): string[] {
  const request = rowIn(data, 'request');
  const error = textIn(data, 'error');
  return [
    ...requestHead(request),
    ...section('Error', error === '' ? [] : error.split('\n').map(escapeText)),
    ...section('Failing steps', rowsIn(data, 'failing_steps').map(spanText)),
    ...section('Critical path', rowsIn(data, 'critical_path').map(stepText)),
    ...section('Repeated steps', rowsIn(data, 'repeated_steps').map(stepText)),
    ...section('Other requests of the trace', otherRequests(data)),
    ...section('Spans', rowsIn(data, 'spans').map(spanText)),
    ...section('Lines', rowsIn(data, 'lines').flatMap(lineText)),
  ];
}

/** A request in a line: when, how it ended, what it was, and its id. */
export function requestRowText(row: AnswerRow): string {
  const error = textIn(row, 'error');
  const words = [
    textIn(row, 'at'),
    textIn(row, 'status_code').padStart(3),
    textIn(row, 'outcome').padEnd(9),
    duration(row).padStart(8),
    textIn(row, 'title'),
    `[${textIn(row, 'service')}]`,
    `id=${textIn(row, 'id')}`,
    ...(error === '' ? [] : [`— ${error}`]),
  ];
  return escapeText(words.join(' '));
}

/** A log line, and its error in lines of their own. */
export function lineText(row: AnswerRow): string[] {
  const offset = numberIn(row, 'offset_ms');
  const context = textIn(row, 'context');
  const fields = row['fields'] === undefined ? '' : ` ${plainJson(row['fields'])}`;
  const id = textIn(row, 'request_id');
  const words = [
    offset === undefined ? textIn(row, 'at') : `+${durationText(offset)}`,
    textIn(row, 'level').toUpperCase(),
    ...(context === '' ? [] : [`[${context}]`]),
    textIn(row, 'message') + fields,
    ...(offset === undefined && id !== '' ? [`request=${id}`] : []),
  ];
  const error = textIn(row, 'error');
  const stack = error === '' ? [] : error.split('\n').map((one) => `  ${escapeText(one)}`);
  return [escapeText(words.join(' ')), ...stack];
}

/** A list under its title; nothing where it is empty. */
export function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`${title}:`, ...rows.map((row) => `  ${row}`)];
}

function requestHead(request: AnswerRow): string[] {
  const status = textIn(request, 'status_code');
  const ended = [textIn(request, 'outcome'), ...(status === '' ? [] : [status])].join(' ');
  const took = duration(request);
  const ids = ['id', 'request_id', 'trace_id', 'session_id', 'user', 'route', 'handler', 'error_id']
    .map((name) => [name, textIn(request, name)] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`);
  return [
    `${textIn(request, 'title')}: ${ended}${took === '' ? '' : ` in ${took}`}`,
    `service ${textIn(request, 'service')}, began ${textIn(request, 'at')}`,
    ids.join(' '),
  ].map(escapeText);
}

function spanText(row: AnswerRow): string {
  const depth = Math.min(Math.max(numberIn(row, 'depth') ?? 0, 0), MAX_DEPTH);
  const status = textIn(row, 'status_code');
  const count = textIn(row, 'count');
  const error = textIn(row, 'error');
  const words = [
    `+${durationText(numberIn(row, 'offset_ms') ?? 0)}`.padStart(9),
    (duration(row) || 'open').padStart(8),
    `${'  '.repeat(depth)}${textIn(row, 'name')}`,
    `[${textIn(row, 'service')}]`,
    ...(count === '' ? [] : [`×${count}`]),
    ...(status === '' ? [] : [status]),
    ...(row['failed'] === true ? ['FAILED'] : []),
    ...(error === '' ? [] : [error]),
    ...(row['attributes'] === undefined ? [] : [plainJson(row['attributes'])]),
  ];
  return escapeText(words.join(' '));
}

function stepText(row: AnswerRow): string {
  const { length } = [...textIn(row, 'count')];
  const count = length === 0 || textIn(row, 'count') === '1' ? '' : ` ×${textIn(row, 'count')}`;
  const step = `${textIn(row, 'name')}${count} [${textIn(row, 'service')}]`;
  return escapeText(`${duration(row).padStart(8)} ${step}`);
}

function otherRequests(data: AnswerRow): string[] {
  return rowsIn(rowIn(data, 'trace'), 'other_requests').map((row) => {
    const words = ['title', 'service', 'status_code', 'error'].map((name) => textIn(row, name));
    const took = duration(row);
    return escapeText(`id=${textIn(row, 'id')} ${took} ${words.join(' ')}`.trimEnd());
  });
}

function duration(row: AnswerRow): string {
  const ms = numberIn(row, 'duration_ms');
  return ms === undefined ? '' : durationText(ms);
}
