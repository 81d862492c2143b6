import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const adapters: Record<string, () => AbstractHttpAdapter> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

/** The adapter of `PLATFORM`. */
export function createAdapter(platform = 'express'): AbstractHttpAdapter {
  const create = Object.hasOwn(adapters, platform) ? adapters[platform] : undefined;
  if (create) return create();
  throw new Error(`PLATFORM is "${platform}": use ${Object.keys(adapters).join(' or ')}.`);
}
