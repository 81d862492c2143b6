import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type BatchSizes, leastOfBatches } from './in-memory/batches.js';

export const platforms = ['express', 'fastify'] as const;
export type Platform = (typeof platforms)[number];

/** The requests of the parent to a server, and the answers. */
export interface Questions {
  /** µs of CPU that the whole process used so far, garbage collection and compilation included. */
  cpu: () => number;
  /** Bytes after a forced collection. */
  memory: () => Memory;
  /** µs of CPU for one request over connections in memory. */
  batches: (sizes: BatchSizes) => Promise<number>;
  /** Sent when the application is closed; the process then ends by itself. */
  stop: () => Promise<true>;
}
export interface Memory {
  heapUsed: number;
  rss: number;
}
export type Question = keyof Questions;
export type Answer<Q extends Question> = Awaited<ReturnType<Questions[Q]>>;
/** As a message of the parent. */
export interface Asked {
  question: Question;
  args: readonly unknown[];
}

export interface Start {
  adapter: AbstractHttpAdapter;
  platform: Platform;
  /** Distinguishes variants that share a file. */
  option: string | undefined;
}

/**
 * An application without MCP has no SDK of it installed; here all are, and nestjs-tracing finds
 * them. Every variant loads them, so that the comparison is fair.
 */
async function loadWhatIsInstalled(): Promise<void> {
  await import('@modelcontextprotocol/sdk/shared/protocol.js');
  await import('@modelcontextprotocol/server');
  await import('@modelcontextprotocol/client');
}

/** Runs one variant as the program of its own process, started by `ServerProcess`. */
export async function serve(
  build: (start: Start) => Promise<INestApplication>,
  fastifyOptions: ConstructorParameters<typeof FastifyAdapter>[0] = {},
): Promise<void> {
  await loadWhatIsInstalled();
  const platform: Platform = process.argv[2] === 'fastify' ? 'fastify' : 'express';
  const adapter =
    platform === 'fastify' ? new FastifyAdapter(fastifyOptions) : new ExpressAdapter();
  const app = await build({ adapter, platform, option: process.argv[3] });
  await app.listen(0, '127.0.0.1');

  const questions: Questions = {
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    memory: () => {
      globalThis.gc?.();
      const { heapUsed, rss } = process.memoryUsage();
      return { heapUsed, rss };
    },
    batches: (sizes) => leastOfBatches(app.getHttpServer(), sizes),
    stop: async () => {
      process.off('disconnect', exitWithParent);
      await app.close();
      return true as const;
    },
  };
  process.on('disconnect', exitWithParent);
  process.on('message', async ({ question, args }: Asked) => {
    const answer = await (questions[question] as (...args: readonly unknown[]) => unknown)(...args);
    process.send?.(answer, () => question === 'stop' && process.disconnect());
  });
  process.send?.({ port: new URL(await app.getUrl()).port });
}

// Only for a parent that is gone. After `stop` the process ends by itself, or the check would not
// see whether a variant writes what it still holds.
function exitWithParent(): void {
  process.exit();
}
