import { escapeText } from '../../records/control-characters.js';
import { plainJson } from '../../viewer/plain-json.js';
import {
  rowIn,
  rowsIn,
  textIn,
  type AnswerRow,
} from '../../viewer/summary/answers/answer-reader.js';
import {
  lineText,
  requestRowText,
  section,
  shownRequestText,
} from '../../viewer/summary/answers/answer-text.js';
import { printError } from '../print-error.js';

const FAILED = 1;

/** Prints an answer. Returns the exit code: 0 where something was found, else 1. */
export function printAnswer(name: string, answer: AnswerRow, asJson: boolean): number {
  const problem = textIn(answer, 'problem');
  if (asJson) process.stdout.write(`${plainJson(answer)}\n`);
  if (problem !== '') {
    printError(problem);
    return FAILED;
  }
  const data = rowIn(answer, 'data');
  const lines = textOf(name, data);
  if (!asJson) {
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    const left = Object.entries(rowIn(rowIn(answer, 'cut'), 'left')).filter(([, count]) => count);
    const rest = left.map(([what, count]) => `${String(count)} ${what}`).join(', ');
    if (rest !== '') printError(`left out: ${rest} (--json says how to get them)`);
  }
  return lines.length > 0 ? 0 : FAILED;
}

function textOf(name: string, data: AnswerRow): string[] {
  if (name === 'list_requests') return rowsIn(data, 'requests').map(requestRowText);
  if (name === 'search_lines') return rowsIn(data, 'lines').flatMap(lineText);
  if (name === 'list_errors') return rowsIn(data, 'errors').map(errorText);
  if (name === 'get_request') return shownRequestText(data);
  if (name === 'compare_requests') return comparedText(data);
  const request = rowIn(data, 'request');
  return Object.keys(request).length === 0 ? [] : [requestRowText(request)];
}

function errorText(row: AnswerRow): string {
  const last = textIn(rowIn(row, 'last'), 'at');
  const words = [last, `${textIn(row, 'requests')}×`, textIn(row, 'title')];
  return escapeText(`${words.join(' ')} id=${textIn(row, 'latest_request')}`);
}

function comparedText(data: AnswerRow): string[] {
  const pair = (row: AnswerRow): string =>
    `${textIn(row, 'a') || '-'} → ${textIn(row, 'b') || '-'}`;
  const fields = rowsIn(data, 'differing_fields');
  return [
    requestRowText(rowIn(data, 'a')),
    requestRowText(rowIn(data, 'b')),
    ...section(
      'Fields',
      fields.map((row) => escapeText(`${textIn(row, 'name')}: ${pair(row)}`)),
    ),
    ...section('Steps', rowsIn(data, 'steps').map(changeText)),
    ...section('Only in the first', textsIn(data, 'only_in_a')),
    ...section('Only in the second', textsIn(data, 'only_in_b')),
  ];
}

function changeText(row: AnswerRow): string {
  const counts = `${textIn(row, 'a_count')} → ${textIn(row, 'b_count')}`;
  const change = `${textIn(row, 'change').padEnd(8)} ${textIn(row, 'change_ms')} ms`;
  return escapeText(`${change} ${textIn(row, 'name')} (${counts})`);
}

function textsIn(row: AnswerRow, name: string): string[] {
  const list = row[name];
  return Array.isArray(list) ? list.map((text) => escapeText(String(text))) : [];
}
