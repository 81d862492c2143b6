import { escapeText } from '../../records/control-characters.js';
import { fieldPair } from '../../records/field-pair.js';
import { levelColor, DIM, type Paint, WIDEST_LEVEL } from './colors.js';
import { lineErrorText } from './line-error.js';
import type { LogLine } from './log-line.js';

const MAX_FIELD = 200;

/** A line as text, without its time: level, context, message and fields. */
export function lineText(line: LogLine, paint: Paint): string {
  const { level, severity, context, message, fields, error } = line;
  const name = escapeText(level).toUpperCase().padEnd(WIDEST_LEVEL);
  let text = `${paint(levelColor(severity), name)} `;
  if (context !== undefined) text += paint(DIM, `[${escapeText(context)}] `);
  text += escapeText(message);
  if (fields !== undefined) for (const [key, value] of fields) text += shortPair(key, value);
  if (error !== undefined && !isBlock(line)) text += shortPair('error', error.title);
  return text;
}

/** The stack of a line's error and of what caused it, line by line. */
export function errorLines(line: LogLine): string[] {
  if (line.error === undefined || !isBlock(line)) return [];
  return lineErrorText(line.error)
    .split('\n')
    .map((one) => escapeText(one.trimEnd()));
}

function isBlock({ error }: LogLine): boolean {
  return (error?.stack ?? error?.cause) !== undefined;
}

/** A field as it is shown on a line, where it must not be long. */
export function shortPair(key: string, value: unknown): string {
  const pair = fieldPair(key, value);
  return pair.length > MAX_FIELD ? `${pair.slice(0, MAX_FIELD)}…` : pair;
}
