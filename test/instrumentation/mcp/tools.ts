import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { TraceContext } from '../../../src/index.js';

interface ToolResult {
  content: { type: 'text'; text: string }[];
  isError?: boolean;
  [key: string]: unknown;
}

/** What the SDK hands to a tool, in a form that both versions have. */
export interface ToolCall {
  readonly signal: AbortSignal;
  notify(notification: { method: string; params?: object }): Promise<void>;
  /** Calls the client's model. */
  sample(text: string): Promise<unknown>;
}

export interface Tool {
  readonly parameters: z.ZodRawShape;
  run(args: never, call: ToolCall): Promise<ToolResult>;
}

const logger = new Logger('Tools');

/** What every server of these tests offers. */
export function toolsOf(trace: TraceContext): Readonly<Record<string, Tool>> {
  const answer = (text: unknown): ToolResult => ({
    content: [{ type: 'text', text: String(text) }],
  });
  return {
    ids: {
      parameters: {},
      run: async () => {
        logger.log('ids');
        const before = trace.traceId;
        await sleep(1);
        return answer(before === trace.traceId ? trace.traceId : 'lost');
      },
    },
    work: {
      parameters: { n: z.number() },
      run: async ({ n }: { n: number }) => {
        logger.log('begin', { n });
        await sleep(n % 7);
        logger.log('middle', { n });
        await sleep(n % 5);
        logger.log('end', { n });
        return answer(n);
      },
    },
    detailed: {
      parameters: { n: z.number() },
      run: async ({ n }: { n: number }) => {
        logger.debug('detail', { n });
        await sleep(n % 5);
        logger.debug('detail', { n });
        return answer(n);
      },
    },
    throwing: {
      parameters: {},
      run: async () => {
        await sleep(1);
        throw new Error('no such account');
      },
    },
    refusing: {
      parameters: {},
      run: async () => ({ ...answer('refused'), isError: true }),
    },
    waiting: {
      parameters: {},
      run: async (_: unknown, { signal }: ToolCall) => {
        logger.log('waiting');
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        logger.log('stopped');
        return answer('too late');
      },
    },
    telling: {
      parameters: {},
      run: async (_: unknown, call: ToolCall) => {
        await call.notify({
          method: 'notifications/message',
          params: { level: 'info', data: 'half' },
        });
        return answer(trace.spanId);
      },
    },
    asking: {
      parameters: {},
      run: async (_: unknown, call: ToolCall) => {
        await call.sample('what now?');
        return answer(trace.spanId);
      },
    },
    calling: {
      parameters: { url: z.string() },
      run: async ({ url }: { url: string }) => answer(await (await fetch(url)).text()),
    },
  };
}
