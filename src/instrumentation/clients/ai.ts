import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { active, currentTrace } from '../../context/active-trace.js';
import { sharedState } from '../../records/shared-state.js';
import type { SpanAttributes } from '../../records/span-record.js';
import { openClientCall, originOfCall, type ClientCall } from '../../spans/client-call.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';
import { definePatch } from '../patch.js';
import type { ClientInstrumentation } from './client-instrumentation.js';

/** What the channel says of an operation. Prompts and answers are in it too, and are not read. */
interface Message {
  readonly type?: unknown;
  readonly event?: {
    /** Of the call of the SDK that it is a part of. */
    readonly callId?: unknown;
    readonly provider?: unknown;
    readonly modelId?: unknown;
    readonly toolCall?: { readonly toolName?: unknown };
  };
  readonly error?: unknown;
  readonly result?: {
    readonly usage?: unknown;
    /** The answer of a model that streams, which is yet to come. */
    readonly stream?: unknown;
    /** What a tool gave; the SDK hands an error of it to the model. */
    readonly output?: unknown;
  };
}

/** What an integration of the SDK is called with when a model has answered. */
interface ModelCallEnd {
  readonly callId?: unknown;
  readonly usage?: unknown;
}

/** What it is called with when an answer breaks off. */
interface ModelCallError {
  readonly callId?: unknown;
  readonly error?: unknown;
}

interface Integration {
  onLanguageModelCallEnd(event: ModelCallEnd): void;
  onStepError(event: ModelCallError): void;
  onError(event: ModelCallError): void;
}

const CALLS = definePatch({
  package: 'ai',
  target: 'the channel `ai:telemetry`',
  gives: 'a step for each call of a model or a tool',
  without: 'calls of models are no steps',
  why: 'it is the public hook, from version 7',
});
const TOKENS = definePatch({
  package: 'ai',
  target: 'globalThis.AI_SDK_TELEMETRY_INTEGRATIONS',
  gives: 'the tokens of answers that are streamed',
  without: 'steps of streamed answers have no tokens',
  why: 'the channel tells of the beginning of a stream and not of its tokens',
});

/** What is recorded, by what the SDK calls it. A call of a model is: not what is around several of them. */
const OPERATIONS: Readonly<Record<string, string>> = {
  languageModelCall: 'chat',
  embed: 'embeddings',
  embedMany: 'embeddings',
  executeTool: 'execute_tool',
  rerank: 'rerank',
  generateSpeech: 'generate_speech',
  transcribe: 'transcribe',
  streamTranscribe: 'transcribe',
};
/** What a model that streams has ended with. */
const AROUND_STREAMS: ReadonlySet<unknown> = new Set(['step', 'streamText']);

const subscription = sharedState('ai-channel', () => ({ isActive: false }));
const calls = new WeakMap<object, ClientCall>();
/** Answers that are being streamed, by call of the SDK. One that is never read to its end never ends. */
const streaming = new Map<unknown, ClientCall>();
const MAX_STREAMING = 1_000;

/**
 * Makes each call of a model or a tool a step, with the model and its tokens: never a prompt, an
 * answer or what a tool was given. Versions before 7 have no channel and are not recorded.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
export const ai: ClientInstrumentation = { prepare: subscribe };

function subscribe(): void {
  if (subscription.isActive) return;
  subscription.isActive = true;
  const channel = tracingChannel<unknown, object>('ai:telemetry');
  const nothing = (): void => undefined;
  const subscribers: TracingChannelSubscribers<object> = {
    start: nothing,
    end: nothing,
    asyncStart: nothing,
    asyncEnd: (message) => endCall(message as Message),
    error: nothing,
  };
  channel.start.bindStore(active as Parameters<typeof channel.start.bindStore>[0], beginCall);
  channel.subscribe(subscribers);
  CALLS.noteApplied(() => {
    channel.start.unbindStore(active as Parameters<typeof channel.start.unbindStore>[0]);
    channel.unsubscribe(subscribers);
    subscription.isActive = false;
  });
  integrate();
}

/** Begins the call before the SDK makes it, so that what it does itself is below its span. */
function beginCall(message: object): Trace | Span | undefined {
  const store = active.getStore();
  if (store === undefined || currentTrace() === undefined) return store;
  try {
    return spanOfCall(message) ?? store;
  } catch {
    // A message of another shape. Node would end the process with an error of this function.
    return store;
  }
}

function spanOfCall(message: Message): Span | undefined {
  const { type, event } = message;
  const operation = typeof type === 'string' ? OPERATIONS[type] : undefined;
  const origin = operation === undefined ? undefined : originOfCall('llm');
  if (operation === undefined || origin === undefined) return undefined;
  const { provider, modelId, toolCall } = event ?? {};
  const subject = operation === 'execute_tool' ? toolCall?.toolName : modelId;
  const attributes: Record<string, string> = { 'gen_ai.operation.name': operation };
  if (typeof provider === 'string') attributes['gen_ai.provider.name'] = provider;
  if (typeof modelId === 'string') attributes['gen_ai.request.model'] = modelId;
  if (typeof toolCall?.toolName === 'string') attributes['gen_ai.tool.name'] = toolCall.toolName;
  const name = typeof subject === 'string' ? `${operation} ${subject}` : operation;
  const call = openClientCall(origin, 'llm', { name, attributes });
  calls.set(message, call);
  return call.span;
}

function endCall(message: Message): void {
  const { type, event, error, result } = message;
  const call = calls.get(message);
  if (call === undefined) {
    if (AROUND_STREAMS.has(type)) endStream(event?.callId, error);
    return;
  }
  if (error !== undefined) {
    failCall(call, error);
    return;
  }
  const isStream = type === 'languageModelCall' && result?.stream !== undefined;
  if (isStream && event?.callId !== undefined) {
    keepStreaming(event.callId, call);
    return;
  }
  noteTokens(call, result?.usage);
  const output = Object(result?.output) as { type?: unknown; error?: unknown };
  if (type === 'executeTool' && output.type === 'tool-error') call.fail(output.error);
  else call.end();
}

function keepStreaming(callId: unknown, call: ClientCall): void {
  streaming.get(callId)?.end();
  streaming.set(callId, call);
  if (streaming.size <= MAX_STREAMING) return;
  const [oldest] = streaming.keys();
  streaming.get(oldest)?.end();
  streaming.delete(oldest);
}

function endStream(callId: unknown, error?: unknown, usage?: unknown): void {
  const call = streaming.get(callId);
  if (call === undefined) return;
  streaming.delete(callId);
  noteTokens(call, usage);
  if (error === undefined) call.end();
  else failCall(call, error);
}

/** Answers of a model that come at once are told by the channel alone. */
function integrate(): void {
  const holder = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown[] };
  const integration: Integration = {
    onLanguageModelCallEnd: ({ callId, usage }) => endStream(callId, undefined, usage),
    onStepError: ({ callId, error = 'error' }) => endStream(callId, error),
    onError: ({ callId, error = 'error' }) => endStream(callId, error),
  };
  const integrations = (holder.AI_SDK_TELEMETRY_INTEGRATIONS ??= []);
  integrations.push(integration);
  TOKENS.noteApplied(() => {
    const at = integrations.indexOf(integration);
    if (at !== -1) integrations.splice(at, 1);
  });
}

/** A provider gives `{ total }`, the SDK itself a number; embeddings have only one figure. */
function noteTokens({ span }: ClientCall, usage: unknown): void {
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
 * The message of an error of a provider may repeat the prompt or the answer, and its fields hold
 * both. Its name, and the status or code with which it came, do not.
 */
function failCall(call: ClientCall, error: unknown): void {
  if (!(error instanceof Error)) {
    call.fail();
    return;
  }
  const { name, statusCode, code } = error as Error & { statusCode?: unknown; code?: unknown };
  const reason = [statusCode, code].find(
    (value) => typeof value === 'number' || (typeof value === 'string' && /^\w{1,40}$/.test(value)),
  );
  const shown = new Error(reason === undefined ? 'the call failed' : `status ${String(reason)}`);
  shown.name = name;
  shown.stack = `${name}: ${shown.message}`;
  if (call.span !== undefined) {
    const attributes: SpanAttributes = {
      ...call.span.attributes,
      'error.type': String(reason ?? name),
    };
    call.span.attributes = attributes;
  }
  call.fail(shown);
}
