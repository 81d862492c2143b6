import { tracingChannel, type TracingChannelSubscribers } from 'node:diagnostics_channel';
import { active, currentTrace } from '../../context/active-trace.js';
import { hasSdk } from '../../options/sdk-detection.js';
import { sharedState } from '../../records/shared-state.js';
import { originOfCall, type ClientCall } from '../../spans/client-call.js';
import type { Span } from '../../trace/span.js';
import type { Trace } from '../../trace/trace.js';
import { definePatch } from '../patch.js';
import { endWithAnswer, type Answer } from './ai-answer.js';
import { failAiCall, openAiCall } from './ai-call.js';
import { stepIntegration } from './ai-steps.js';
import type { ClientInstrumentation } from './client-instrumentation.js';

/** What the channel says of an operation. Prompts and answers are in it too, and are not read. */
interface Message {
  readonly type?: unknown;
  readonly event?: {
    readonly provider?: unknown;
    readonly modelId?: unknown;
    readonly toolCall?: { readonly toolName?: unknown };
  };
  readonly error?: unknown;
  /** `undefined` where the application does not want its telemetry to have inputs or outputs. */
  readonly result?: Answer;
}

/** What an integration of version 7 is called with instead of the call of a model. */
interface ModelCall {
  readonly execute: () => PromiseLike<Answer>;
}

interface Holder {
  AI_SDK_TELEMETRY_INTEGRATIONS?: object[];
}

const CALLS = definePatch({
  package: 'ai',
  target: 'the channel `ai:telemetry`',
  gives: 'a step for each call of a model or a tool',
  without: 'calls of models are no steps',
  why: 'it is the public hook, from version 7',
});
const INTEGRATION = definePatch({
  package: 'ai',
  target: 'globalThis.AI_SDK_TELEMETRY_INTEGRATIONS',
  gives:
    'with version 6, a step for each step of `generateText` and `streamText`; with version 7, the ' +
    'tokens of calls whose inputs or outputs the application keeps from telemetry',
  without: 'these calls have no step or no tokens',
  why: 'it is the public hook of version 6; the channel of version 7 leaves such answers out',
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

const subscription = sharedState('ai-channel', () => ({ isActive: false }));
const calls = new WeakMap<object, ClientCall>();
const callOfSpan = new WeakMap<object, ClientCall>();
/** The calls that end with their answer, which has come already. */
const answered = new WeakSet<ClientCall>();

/**
 * Makes each call of a model or a tool a step, with the model and its tokens: never a prompt, an
 * answer or what a tool was given. Versions before 6 have no hook and are not recorded.
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
  if (operation === undefined || origin === undefined || isRecordedByOther()) return undefined;
  const { provider, modelId, toolCall } = event ?? {};
  const call = openAiCall(origin, operation, { provider, modelId, toolName: toolCall?.toolName });
  calls.set(message, call);
  if (call.span !== undefined && operation === 'chat') callOfSpan.set(call.span, call);
  return call.span;
}

/** Whether `@ai-sdk/otel` makes spans of all calls. It runs them in its spans only after the channel. */
function isRecordedByOther(): boolean {
  if (!hasSdk()) return false;
  const integrations = (globalThis as Holder).AI_SDK_TELEMETRY_INTEGRATIONS ?? [];
  return integrations.some((integration) => /OpenTelemetry/.test(integration.constructor.name));
}

function endCall(message: Message): void {
  const call = calls.get(message);
  if (call === undefined || answered.has(call)) return;
  try {
    const { error, result } = message;
    if (error === undefined) endWithAnswer(call, result);
    else failAiCall(call, error);
  } catch {
    // An answer of another shape. Node would end the process with an error of this function.
    call.end();
  }
}

/** An integration is not called where the application gives other ones with a call. The channel is. */
function integrate(): void {
  const holder = globalThis as Holder;
  const integration = { ...stepIntegration, executeLanguageModelCall };
  const integrations = (holder.AI_SDK_TELEMETRY_INTEGRATIONS ??= []);
  integrations.push(integration);
  INTEGRATION.noteApplied(() => {
    const at = integrations.indexOf(integration);
    if (at !== -1) integrations.splice(at, 1);
  });
}

/** Runs inside of what the channel tells of, and so in the context of its span. */
async function executeLanguageModelCall({ execute }: ModelCall): Promise<Answer> {
  const call = callOfSpan.get(Object(active.getStore()) as object);
  const answer = await execute();
  if (call === undefined || answered.has(call)) return answer;
  answered.add(call);
  try {
    endWithAnswer(call, answer);
  } catch {
    // As in the channel.
    call.end();
  }
  return answer;
}
