import type { SpanAttributes } from '../../records/span-record.js';
import {
  openClientCall,
  type CallOrigin,
  type ClientCall,
  type ClientCallStart,
} from '../../spans/client-call.js';

/** What is called: a model, or a tool that a model asks for. */
export interface AiSubject {
  readonly provider?: unknown;
  readonly modelId?: unknown;
  readonly toolName?: unknown;
}

/**
 * Begins the call of a model or a tool.
 *
 * @param operation as the semantic conventions name it: `chat`, `embeddings`, `execute_tool`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
export function openAiCall(origin: CallOrigin, operation: string, subject: AiSubject): ClientCall {
  return openClientCall(origin, 'llm', startOf(operation, subject));
}

function startOf(operation: string, { provider, modelId, toolName }: AiSubject): ClientCallStart {
  const subject = operation === 'execute_tool' ? toolName : modelId;
  const attributes: Record<string, string> = { 'gen_ai.operation.name': operation };
  if (typeof provider === 'string') attributes['gen_ai.provider.name'] = provider;
  if (typeof modelId === 'string') attributes['gen_ai.request.model'] = modelId;
  if (typeof toolName === 'string') attributes['gen_ai.tool.name'] = toolName;
  return { name: typeof subject === 'string' ? `${operation} ${subject}` : operation, attributes };
}

/** A provider gives `{ total }`, the SDK itself a number; embeddings have only one figure. */
export function noteTokens({ span }: ClientCall, usage: unknown): void {
  if (span === undefined || typeof usage !== 'object' || usage === null) return;
  const { inputTokens, outputTokens, tokens } = usage as Readonly<Record<string, unknown>>;
  const counted: Record<string, number> = {};
  const input = countOf(inputTokens ?? tokens);
  const output = countOf(outputTokens);
  if (input !== undefined) counted['gen_ai.usage.input_tokens'] = input;
  if (output !== undefined) counted['gen_ai.usage.output_tokens'] = output;
  span.describe(counted);
}

function countOf(given: unknown): number | undefined {
  const count: unknown =
    typeof given === 'object' && given !== null ? (given as { total?: unknown }).total : given;
  return typeof count === 'number' && Number.isFinite(count) ? count : undefined;
}

/**
 * Ends a call as failed. The message of an error of a provider may repeat the prompt or the answer,
 * and its fields hold both. Its name, and the status or code with which it came, do not.
 */
export function failAiCall(call: ClientCall, error: unknown): void {
  const { name, reason } = describeError(error);
  const shown = new Error(reason === undefined ? 'the call failed' : `status ${reason}`);
  shown.name = name;
  shown.stack = `${name}: ${shown.message}`;
  const { span } = call;
  if (span !== undefined && span.durationMs === undefined) {
    const attributes: SpanAttributes = { ...span.attributes, 'error.type': reason ?? name };
    span.attributes = attributes;
  }
  call.fail(shown);
}

const WORD = /^\w{1,40}$/;

/** An error, be it of another realm or a `DOMException`. */
interface ErrorLike {
  readonly name: string;
  readonly statusCode?: unknown;
  readonly code?: unknown;
}

/** Whether a value is an error, and not what an application gives as a reason, such as a text. */
export function isErrorLike(value: unknown): value is ErrorLike {
  const { name, message } = Object(value) as {
    readonly name?: unknown;
    readonly message?: unknown;
  };
  return typeof name === 'string' && typeof message === 'string';
}

function describeError(error: unknown): { name: string; reason: string | undefined } {
  if (!isErrorLike(error)) return { name: 'Error', reason: undefined };
  const { name, statusCode, code } = error;
  // The code of an `AbortError` is a number that says less than its name.
  const reason =
    typeof statusCode === 'number'
      ? String(statusCode)
      : typeof code === 'string' && WORD.test(code)
        ? code
        : undefined;
  return { name: WORD.test(name) ? name : 'Error', reason };
}
