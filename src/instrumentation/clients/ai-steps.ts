import { currentTrace } from '../../context/active-trace.js';
import { activeSpan } from '../../context/sdk-spans.js';
import { hasSdk } from '../../options/sdk-detection.js';
import { originOfCall, type CallOrigin, type ClientCall } from '../../spans/client-call.js';
import { failAiCall, noteTokens, openAiCall, type AiSubject } from './ai-call.js';

/** What version 6 of the SDK says of a step: a call of a model, and of the tools that it asks for. */
interface StepEvent {
  readonly stepNumber?: unknown;
  /** The same object where a step of `generateText` begins and where it ends. */
  readonly model?: object & AiSubject;
  readonly functionId?: unknown;
  readonly metadata?: unknown;
  readonly usage?: unknown;
  readonly finishReason?: unknown;
  /** From version 7, which has a channel that says more. */
  readonly aiVersion?: unknown;
}

interface ToolEvent {
  /** The same object where the call begins and where it ends. */
  readonly toolCall?: object & { readonly toolName?: unknown };
  readonly model?: object;
  readonly success?: unknown;
  readonly error?: unknown;
  readonly aiVersion?: unknown;
}

/** Without the prompt, which is in the event too. */
interface OpenStep {
  readonly call: ClientCall;
  readonly stepNumber: unknown;
  readonly provider: unknown;
  readonly modelId: unknown;
  readonly functionId: unknown;
  readonly metadata: unknown;
}

/** The steps of each trace that have begun. Those that fail have no end: the SDK does not say so. */
const openSteps = new WeakMap<object, Set<OpenStep>>();
const stepOfModel = new WeakMap<object, OpenStep>();
const openTools = new WeakMap<object, ClientCall>();

/** What version 6 calls. Its callbacks run in the context of the code that calls the SDK. */
export const stepIntegration = {
  onStepStart(event: StepEvent): void {
    const trace = currentTrace();
    const { model, stepNumber, functionId, metadata, aiVersion } = event;
    if (trace === undefined || aiVersion !== undefined) return;
    const origin = originUnlessSdkSpan();
    if (origin === undefined) return;
    const call = openAiCall(origin, 'chat', model ?? {});
    const { provider, modelId } = model ?? {};
    const step: OpenStep = { call, stepNumber, provider, modelId, functionId, metadata };
    if (model !== undefined) stepOfModel.set(model, step);
    const open = openSteps.get(trace) ?? new Set();
    openSteps.set(trace, open.add(step));
  },

  onStepFinish(event: StepEvent): void {
    const trace = currentTrace();
    if (trace === undefined || event.aiVersion !== undefined) return;
    const step = stepThatEnds(trace, event);
    if (step === undefined) return;
    openSteps.get(trace)?.delete(step);
    noteTokens(step.call, event.usage);
    // The SDK ends a step so whose answer had an error in it, and keeps the error.
    if (event.finishReason === 'error') failAiCall(step.call, undefined);
    else step.call.end();
  },

  onToolCallStart({ toolCall, model, aiVersion }: ToolEvent): void {
    if (toolCall === undefined || aiVersion !== undefined || currentTrace() === undefined) return;
    const origin = originUnlessSdkSpan();
    if (origin === undefined) return;
    // Below the step, which ends only after its tools: what is left is the time of the model.
    const step = model === undefined ? undefined : stepOfModel.get(model)?.call.span;
    openTools.set(toolCall, openAiCall(step ?? origin, 'execute_tool', toolCall));
  },

  onToolCallFinish({ toolCall, success, error }: ToolEvent): void {
    const call = toolCall && openTools.get(toolCall);
    if (success === false) call?.fail(error);
    else call?.end();
  },
};

/** With `experimental_telemetry: { isEnabled: true }`, the SDK makes spans of OpenTelemetry itself. */
function originUnlessSdkSpan(): CallOrigin | undefined {
  const { attributes } = Object(hasSdk() ? activeSpan() : undefined) as { attributes?: object };
  const isRecorded = attributes !== undefined && 'ai.operationId' in attributes;
  return isRecorded ? undefined : originOfCall('llm');
}

/**
 * A step that is streamed ends with another object for its model. Among several of one request that
 * stream at once from one model, the one that began first is taken.
 */
function stepThatEnds(trace: object, event: StepEvent): OpenStep | undefined {
  const { model } = event;
  const own = model === undefined ? undefined : stepOfModel.get(model);
  if (own !== undefined) return own;
  for (const step of openSteps.get(trace) ?? []) {
    const isSameModel = step.modelId === model?.modelId && step.provider === model?.provider;
    const isSameCall = step.functionId === event.functionId && step.metadata === event.metadata;
    if (isSameModel && isSameCall && step.stepNumber === event.stepNumber) return step;
  }
  return undefined;
}
