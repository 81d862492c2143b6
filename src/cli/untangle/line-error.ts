import { jsonValue } from '../../records/json-value.js';
import type { EntryFields } from './entry-fields.js';

/** The error of a line. */
export interface LineError {
  /** Type and message, as far as they are known. Shown where there is no stack. */
  readonly title: string;
  readonly stack: string | undefined;
  readonly cause: unknown;
}

const MAX_CAUSES = 8;

/** The error of a line; `undefined` for most lines. */
export function readError(fields: EntryFields): LineError | undefined {
  const stack = textOf(fields.get('errorStack'));
  const message = textOf(fields.get('errorMessage'));
  const type = textOf(fields.get('errorType'));
  const cause = fields.get('errorCause');
  if ((stack ?? message ?? type ?? cause) === undefined) return undefined;
  const title = [type, message].filter((part) => part !== undefined).join(': ');
  return { title, stack, cause };
}

/** An error and what caused it, each with its stack. Nothing in it is escaped. */
export function lineErrorText({ title, stack, cause }: LineError): string {
  let text = stack ?? title;
  let reason = cause;
  for (let depth = 0; reason !== undefined && reason !== null && depth < MAX_CAUSES; depth++) {
    const inner = Object(reason) as Readonly<Record<keyof Error, unknown>>;
    text += `\ncaused by:\n${textOf(inner.stack) ?? titleOf(inner) ?? jsonValue(reason) ?? ''}`;
    reason = inner.cause;
  }
  return text;
}

/** `TokenExpiredError: jwt expired`, of a cause without a stack. */
function titleOf(cause: Readonly<Record<keyof Error, unknown>>): string | undefined {
  const message = textOf(cause.message);
  const name = textOf(cause.name);
  return message === undefined || name === undefined ? message : `${name}: ${message}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
