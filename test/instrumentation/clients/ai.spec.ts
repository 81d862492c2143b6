import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Param } from '@nestjs/common';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { randomUUID } from 'node:crypto';
import { tracingChannel } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { subscribeApplication, type SpanRecord } from '../../../src/index.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';
import { eventually, type Line } from '../../support/line-sink.js';

/** What requests do, by their names. */
const works = new Map<string, () => unknown>();

@Controller()
class WorkController {
  @Get('run/:name')
  async run(@Param('name') name: string): Promise<never> {
    await works.get(name)!();
    // A request that fails has its steps on its line.
    throw new Error('explain');
  }
}

interface Part {
  readonly type: string;
  readonly error?: unknown;
  readonly usage?: unknown;
}

const CANARY = 'CANARY-of-a-prompt';
const usage = { inputTokens: { total: 3 }, outputTokens: { total: 10 } };
const MODEL = { provider: 'acme', modelId: 'm-1' };
const attributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'acme',
  'gen_ai.request.model': 'm-1',
};
const tokens = { 'gen_ai.usage.input_tokens': 3, 'gen_ai.usage.output_tokens': 10 };
const TEXT: Part = Object.assign({ type: 'text-delta' }, { id: '1', delta: CANARY });
const FINISH: Part = Object.assign(
  { type: 'finish', usage },
  { finishReason: { unified: 'stop' } },
);

let traced: TracedApp;
const spansOf = new Map<string, SpanRecord[]>();

/** The spans of a request that does some work: those that have ended. */
async function spansOfWork(work: () => unknown, count = 1): Promise<readonly SpanRecord[]> {
  const id = randomUUID();
  works.set(id, work);
  await traced.send(`/run/${id}`, { headers: { 'x-request-id': id } });
  await eventually(() => (spansOf.get(id)?.length ?? 0) >= count, `the spans of ${id}`);
  return spansOf.get(id)!;
}

async function stepsOfWork(work: () => unknown): Promise<readonly object[]> {
  const id = randomUUID();
  works.set(id, work);
  await traced.send(`/run/${id}`, { headers: { 'x-request-id': id } });
  const isIts = (line: Line): boolean =>
    line.request_id === id && line.message === 'Request finished';
  await eventually(() => traced.sink.lines.some(isIts), `the line of ${id}`);
  return traced.sink.lines.find(isIts)!['steps'] as object[];
}

function told({ name, failed, attributes: given, error }: SpanRecord): object {
  const { message } = Object(error) as { message?: string };
  return { name, failed, attributes: given, ...(message !== undefined && { error: message }) };
}

beforeEach(async () => {
  traced = await tracedApp('express')
    .of({ controllers: [WorkController] })
    .start();
  subscribeApplication(traced.app, {
    onSpan(span, request) {
      if (span.kind !== 'client') return;
      spansOf.set(request.requestId, [...(spansOf.get(request.requestId) ?? []), span]);
    },
  });
});
afterEach(() => spansOf.clear());

// The installed version is 6. This is what version 7.0.173 publishes and calls.
describe('version 7 of the AI SDK', () => {
  type Event = Readonly<Record<string, unknown>>;
  /**
   * Looked up for each call: Node drops the name of a channel when an older one of this name, of
   * another file of tests, is collected.
   */
  const telemetry = () => tracingChannel('ai:telemetry');

  interface Integration {
    executeLanguageModelCall?: (call: Event & { execute: () => PromiseLike<unknown> }) => unknown;
  }

  /** As `createTelemetryDispatcher` of the SDK does it. */
  async function callModel(
    answer: () => unknown,
    { recordsResult = true, isLocal = false } = {},
  ): Promise<unknown> {
    const event = { callId: randomUUID(), ...MODEL, messages: [CANARY], aiVersion: '7.0.173' };
    const holder = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: Integration[] };
    let execute = async (): Promise<unknown> => answer();
    for (const integration of isLocal ? [] : (holder.AI_SDK_TELEMETRY_INTEGRATIONS ?? [])) {
      const inner = execute;
      const { executeLanguageModelCall: wrap } = integration;
      if (wrap !== undefined) execute = async () => wrap({ ...event, execute: inner });
    }
    let result: unknown;
    const run = async (): Promise<unknown> => {
      result = await execute();
      return recordsResult ? result : undefined;
    };
    await telemetry().tracePromise(run, { type: 'languageModelCall', event });
    return result;
  }

  interface Source {
    readonly parts: readonly Part[];
    readonly breaksWith?: Error;
    cancelledWith?: unknown;
  }

  async function callStream(source: Source, options = {}): Promise<ReadableStream<Part>> {
    const parts = [...source.parts];
    const stream = new ReadableStream<Part>({
      async pull(controller) {
        await delay(1);
        const part = parts.shift();
        if (part !== undefined) controller.enqueue(part);
        else if (source.breaksWith === undefined) controller.close();
        else controller.error(source.breaksWith);
      },
      cancel(reason) {
        source.cancelledWith = reason;
      },
    });
    const result = (await callModel(() => ({ stream, request: { body: CANARY } }), options)) as {
      stream: ReadableStream<Part>;
    };
    // What the SDK has is what the provider made.
    expect(result.stream).toBe(stream);
    return stream.pipeThrough(new TransformStream<Part, Part>());
  }

  async function read(stream: ReadableStream<Part>): Promise<Part[]> {
    const parts: Part[] = [];
    for await (const part of stream) parts.push(part);
    return parts;
  }

  it.each([
    ['', {}],
    [', with integrations of its own', { isLocal: true }],
    [', without its result', { recordsResult: false }],
  ])('makes a call of a model a step with its tokens%s', async (_how, options) => {
    const answer = { content: [CANARY], usage };
    const spans = await spansOfWork(async () => {
      expect(await callModel(() => answer, options)).toBe(answer);
    });
    expect(spans.map(told)).toEqual([
      { name: 'chat m-1', failed: false, attributes: { ...attributes, ...tokens } },
    ]);
  });

  it('keeps the status of an error, and not its message', async () => {
    const error = Object.assign(new Error(CANARY), { statusCode: 429 });
    const spans = await spansOfWork(async () => {
      const call = callModel(() => {
        throw error;
      });
      await expect(call).rejects.toBe(error);
    });
    expect(spans.map(told)).toEqual([
      {
        name: 'chat m-1',
        failed: true,
        attributes: { ...attributes, 'error.type': '429' },
        error: 'status 429',
      },
    ]);
  });

  it.each([
    ['', {}],
    [', with integrations of its own', { isLocal: true }],
    [', without its result', { recordsResult: false }],
  ])('ends a streamed answer with its last part%s', async (_how, options) => {
    const spans = await spansOfWork(async () => {
      const stream = await callStream({ parts: [TEXT, TEXT, FINISH] }, options);
      expect(await read(stream)).toEqual([TEXT, TEXT, FINISH]);
    });
    expect(spans.map(told)).toEqual([
      { name: 'chat m-1', failed: false, attributes: { ...attributes, ...tokens } },
    ]);
    expect(spans[0]!.durationMs).toBeGreaterThan(2);
  });

  it('fails a streamed answer that breaks off', async () => {
    const breaksWith = Object.assign(new Error(CANARY), { code: 'ECONNRESET' });
    const spans = await spansOfWork(async () => {
      const stream = await callStream({ parts: [TEXT], breaksWith });
      await expect(read(stream)).rejects.toBe(breaksWith);
    });
    expect(spans.map(told)).toEqual([
      {
        name: 'chat m-1',
        failed: true,
        attributes: { ...attributes, 'error.type': 'ECONNRESET' },
        error: 'status ECONNRESET',
      },
    ]);
  });

  it.each([
    ['finished', [TEXT, { type: 'error', error: CANARY }, FINISH], tokens],
    ['not finished', [TEXT, { type: 'error', error: CANARY }], {}],
  ])('fails a streamed answer that has an error in it and is %s', async (_how, parts, counted) => {
    const spans = await spansOfWork(async () => {
      const stream = await callStream({ parts });
      expect(await read(stream)).toEqual(parts);
    });
    expect(spans.map(told)).toEqual([
      {
        name: 'chat m-1',
        failed: true,
        attributes: { ...attributes, ...counted, 'error.type': 'Error' },
        error: 'the call failed',
      },
    ]);
  });

  it.each([
    ['ends', 'a text', 'no longer wanted', { failed: false, attributes }],
    [
      'fails',
      'an error',
      new DOMException('stopped', 'AbortError'),
      {
        failed: true,
        attributes: { ...attributes, 'error.type': 'AbortError' },
        error: 'the call failed',
      },
    ],
  ])(
    '%s a streamed answer that the consumer cancels with %s',
    async (_how, _what, reason, expected) => {
      const source: Source = { parts: [TEXT, TEXT, TEXT] };
      const spans = await spansOfWork(async () => {
        const reader = (await callStream(source)).getReader();
        await reader.read();
        await reader.cancel(reason);
      });
      expect(spans.map(told)).toEqual([{ name: 'chat m-1', ...expected }]);
      expect(source.cancelledWith).toBe(reason);
    },
  );

  it('makes the call of a tool a step, failed where the tool has', async () => {
    const spans = await spansOfWork(async () => {
      for (const output of [
        { type: 'tool-result' },
        { type: 'tool-error', error: new Error('x') },
      ]) {
        const event = { callId: 'a', toolCall: { toolName: 'weather', input: CANARY } };
        await telemetry().tracePromise(async () => ({ output }), { type: 'executeTool', event });
      }
    }, 2);
    expect(spans.map(({ name, failed }) => [name, failed])).toEqual([
      ['execute_tool weather', false],
      ['execute_tool weather', true],
    ]);
  });

  it('is not disturbed by messages of another shape', async () => {
    const spans = await spansOfWork(async () => {
      const odd: unknown[] = [undefined, { usage: 'many' }, { stream: 1 }, { output: 3 }, null];
      for (const answer of odd) await callModel(() => answer);
      await telemetry().tracePromise(async () => 1, { type: 7 });
      await telemetry().tracePromise(async () => 1, { type: 'embed', event: null });
    }, 6);
    expect(spans.map(({ name, failed }) => [name, failed])).toEqual([
      ...Array.from({ length: 5 }, () => ['chat m-1', false]),
      ['embeddings', false],
    ]);
  });
});

describe('version 6 of the AI SDK', () => {
  const finishReason = { unified: 'stop', raw: undefined } as const;
  const counted = {
    inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: 10, text: 10, reasoning: undefined },
  };
  type Generate = ConstructorParameters<typeof MockLanguageModelV3>[0];
  const modelOf = (behaviour: Generate): MockLanguageModelV3 =>
    new MockLanguageModelV3({ ...MODEL, ...behaviour });
  const answer = {
    content: [{ type: 'text' as const, text: CANARY }],
    finishReason,
    usage: counted,
    warnings: [],
  };

  it('makes a call of a model a step with its tokens', async () => {
    const model = modelOf({ doGenerate: async () => answer });
    const spans = await spansOfWork(async () => {
      const { text } = await generateText({ model, prompt: CANARY });
      expect(text).toBe(CANARY);
    });
    expect(spans.map(told)).toEqual([
      { name: 'chat m-1', failed: false, attributes: { ...attributes, ...tokens } },
    ]);
  });

  it('makes a streamed answer a step, and 20 requests at once do not mix', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const model = modelOf({
          modelId: `m-${n}`,
          doStream: async () => ({
            stream: new ReadableStream({
              async start(controller) {
                await delay((n * 7) % 20);
                controller.enqueue({ type: 'text-start', id: '1' });
                controller.enqueue({ type: 'text-delta', id: '1', delta: CANARY });
                controller.enqueue({ type: 'text-end', id: '1' });
                const inputTokens = { ...counted.inputTokens, total: n };
                const own = { ...counted, inputTokens };
                controller.enqueue({ type: 'finish', finishReason, usage: own });
                controller.close();
              },
            }),
          }),
        });
        return spansOfWork(async () => {
          const { textStream } = streamText({ model, prompt: CANARY });
          for await (const part of textStream) expect(part).toBe(CANARY);
        });
      }),
    );
    results.forEach((spans, n) => {
      expect(spans.map(({ name, attributes: given }) => [name, given])).toEqual([
        [
          `chat m-${n}`,
          {
            ...attributes,
            ...tokens,
            'gen_ai.request.model': `m-${n}`,
            'gen_ai.usage.input_tokens': n,
          },
        ],
      ]);
    });
  });

  it('makes the call of a tool a step below its step of the model', async () => {
    const call = { type: 'tool-call' as const, toolCallId: 't', toolName: 'weather', input: '{}' };
    const answers = [
      {
        ...answer,
        content: [call],
        finishReason: { ...finishReason, unified: 'tool-calls' as const },
      },
      answer,
    ];
    const model = modelOf({ doGenerate: async () => answers.shift()! });
    const weather = tool({ inputSchema: z.object({}), execute: async () => 'sun' });
    const steps = await stepsOfWork(() =>
      generateText({ model, prompt: CANARY, tools: { weather }, stopWhen: stepCountIs(3) }),
    );
    expect(steps).toMatchObject([
      { name: 'chat m-1', duration_ms: expect.any(Number), self_ms: expect.any(Number) },
      { name: 'execute_tool weather', depth: 1 },
      { name: 'chat m-1', duration_ms: expect.any(Number) },
    ]);
  });

  it('shows a call that has failed as one that has not ended', async () => {
    const model = modelOf({
      doGenerate: async () => {
        throw new Error(CANARY);
      },
    });
    const steps = await stepsOfWork(() =>
      generateText({ model, prompt: CANARY, maxRetries: 0 }).catch(() => undefined),
    );
    expect(steps).toEqual([{ name: 'chat m-1', start_ms: expect.any(Number) }]);
  });
});
