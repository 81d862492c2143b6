import { fieldPair } from './field-pair.js';
import { moreCharacters } from './json-text.js';
import { errorFields, isError, jsonValue, readProperty } from './json-value.js';
import { NO_REDACTION, redactedField, type Redaction } from './redaction.js';

/** How far causes of causes are shown, and how many errors in all: errors may have several each. */
const MAX_CAUSES = 8;
const MAX_ERRORS = 50;
/** The longest stack that is shown. */
const MAX_STACK = 65_536;

/** The stack of an error, its own fields and its causes, as text that is not escaped. */
export function errorText(error: Error, redaction: Redaction = NO_REDACTION): string {
  return textOf(error, 0, redaction, new Set());
}

function textOf(error: Error, depth: number, redaction: Redaction, shown: Set<object>): string {
  shown.add(error);
  const { name, message, stack, cause, errors, ...own } = errorFields(error);
  let text = cut(
    typeof stack === 'string' ? withReason(stack, error, message) : titleOf(name, message),
  );
  let pairs = '';
  for (const key of Object.keys(own)) {
    pairs += fieldPair(key, redactedField(redaction, ['error', key], own[key]));
  }
  if (pairs !== '') text += `\n${pairs.slice(1)}`;
  if (depth === MAX_CAUSES) return text;
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  for (let i = 0; i < inner.length; i++) {
    const reason = inner[i];
    if (reason === undefined) continue;
    if (shown.size >= MAX_ERRORS) return `${text}\ncaused by:\n[${inner.length - i} more errors]`;
    let reasonText: string;
    if (!isError(reason)) reasonText = jsonValue(reason, redaction) ?? '';
    else if (shown.has(reason)) reasonText = '[Repeated]';
    else reasonText = textOf(reason, depth + 1, redaction, shown);
    text += `\ncaused by:\n${reasonText}`;
  }
  return text;
}

/** A stack begins with the message that the error was made with, which may not be the reason. */
function withReason(stack: string, error: Error, reason: unknown): string {
  const message = readProperty(error, 'message');
  if (reason === message || typeof reason !== 'string' || typeof message !== 'string') return stack;
  return stack.replace(message, () => reason);
}

function titleOf(name: unknown, message: unknown): string {
  if (name === undefined) return String(message);
  return message === '' ? String(name) : `${String(name)}: ${String(message)}`;
}

function cut(text: string): string {
  if (text.length <= MAX_STACK) return text;
  return `${text.slice(0, MAX_STACK)}${moreCharacters(text.length - MAX_STACK)}`;
}
