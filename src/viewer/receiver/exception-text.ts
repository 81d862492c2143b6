import { cut, MAX_MESSAGE } from '../server/text-limits.js';
import { shownText } from '../shown-text.js';
import { STATUS_CODE, type OtlpAttributes, type OtlpSpan } from './otlp-model.js';

/**
 * The exception in these attributes: its type, its message and its stack. Not every language has the
 * first two in the stack.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/
 */
export function exceptionText(attributes: OtlpAttributes): string | undefined {
  const [stack, type, message] = ['stacktrace', 'type', 'message'].map((name) =>
    attributes.get(`exception.${name}`),
  );
  const title = [type, message].filter(isText).join(': ');
  if (!isText(stack)) return title === '' ? undefined : cut(shownText(title), MAX_MESSAGE);
  const isComplete = !isText(message) || stack.includes(message);
  return cut(shownText(isComplete ? stack : `${title}\n${stack}`), MAX_MESSAGE);
}

/** The error of a span: its exception, else the message of its status. */
export function spanError({ exception, status }: OtlpSpan): string | undefined {
  const error = exception === undefined ? undefined : exceptionText(exception);
  if (error !== undefined || status.code !== STATUS_CODE.ERROR || status.message === '') {
    return error;
  }
  return cut(shownText(status.message), MAX_MESSAGE);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
