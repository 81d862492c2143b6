import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import type { MovedInternal, MovedOutcome } from './moved-internal.js';
import { movedSink } from './moved-sink.js';

/** What the module of an application under test exports. */
interface TestedApplication {
  readonly AppModule: Type;
  /** Default: Express. */
  readonly createAdapter?: () => AbstractHttpAdapter;
  readonly exercise?: (app: INestApplication) => Promise<void>;
}

const unsupported: string[] = [];
const others: string[] = [];
process.on('warning', (warning: Error & { code?: string }) => {
  if (!warning.message.startsWith('nestjs-tracing')) return;
  (warning.code === 'TRACING_UNSUPPORTED' ? unsupported : others).push(warning.message);
});

const { removed = [] } = JSON.parse(process.env['MOVED_INTERNAL'] ?? '{}') as MovedInternal;
for (const { module, path } of removed) {
  const keys = path.split('.');
  const last = keys.pop()!;
  let owner = (await import(module)) as Record<string, unknown>;
  for (const key of keys) owner = owner[key] as Record<string, unknown>;
  if (!Reflect.deleteProperty(owner, last)) throw new Error(`${module} ${path} cannot be removed`);
  if (last in owner) Object.defineProperty(owner, last, { value: undefined });
}

const file = pathToFileURL(resolve(process.argv[2]!)).href;
const { AppModule, createAdapter, exercise } = (await import(file)) as TestedApplication;
const options = { logger: false, abortOnError: false } as const;
const app = await (createAdapter === undefined
  ? NestFactory.create(AppModule, options)
  : NestFactory.create(AppModule, createAdapter(), options));
await app.listen(0, '127.0.0.1');
const { status } = await fetch(await app.getUrl());
await exercise?.(app);
await app.close();
await new Promise(setImmediate);

const outcome: MovedOutcome = {
  warnings: unsupported,
  otherWarnings: others,
  entries: movedSink.lines,
  status,
};
process.stdout.write(`\n${JSON.stringify(outcome)}\n`, () => process.exit());
