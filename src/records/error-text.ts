import { fieldPair } from './field-pair.js';
import { errorFields, isError, jsonValue } from './json-value.js';

const MAX_CAUSES = 8;

/** The stack of an error, its own fields and its causes, as text that is not escaped. */
export function errorText(error: Error, depth = 0): string {
  const { name: _name, message, stack, cause, errors, ...own } = errorFields(error);
  const pairs = Object.entries(own).map(([key, value]) => fieldPair(key, value));
  let text = typeof stack === 'string' ? stack : String(message);
  if (pairs.length > 0) text += `\n${pairs.join('').slice(1)}`;
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  for (const reason of inner) {
    if (reason === undefined || depth === MAX_CAUSES) continue;
    const reasonText = isError(reason) ? errorText(reason, depth + 1) : (jsonValue(reason) ?? '');
    text += `\ncaused by:\n${reasonText}`;
  }
  return text;
}
