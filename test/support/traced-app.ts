import 'reflect-metadata';
import { afterEach } from '@jest/globals';
import { Module, type INestApplication, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createLogger, transports } from 'winston';
import {
  traceJson,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
} from '../../src/index.js';
import { LineSink } from './line-sink.js';

export type Platform = 'express' | 'fastify';
export const PLATFORMS: readonly Platform[] = ['express', 'fastify'];

/** A real application on a real socket, and what it logs. */
export interface TracedApp {
  readonly app: INestApplication;
  readonly url: string;
  readonly port: number;
  readonly sink: LineSink;
  readonly send: (path: string, init?: RequestInit) => Promise<Response>;
}

const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** Reads as a sentence: `tracedApp('express').with(options).of({ controllers }).start()`. */
export class TracedAppBuilder {
  private options: TracingModuleOptions | undefined;
  private metadata: ModuleMetadata = {};
  private setUp: (app: INestApplication) => void | Promise<void> = () => {};
  private adapter: ExpressAdapter | undefined;
  private importTracing: NonNullable<ModuleMetadata['imports']> | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly sink = new LineSink(),
  ) {}

  with(options: TracingModuleOptions): this {
    this.options = options;
    return this;
  }

  of(metadata: ModuleMetadata): this {
    this.metadata = metadata;
    return this;
  }

  /** Replaces the import of the module. */
  importing(...imports: NonNullable<ModuleMetadata['imports']>): this {
    this.importTracing = imports;
    return this;
  }

  /** Replaces the HTTP adapter. */
  onto(adapter: object): this {
    this.adapter = adapter as ExpressAdapter;
    return this;
  }

  /** Runs before the application listens. */
  prepared(setUp: (app: INestApplication) => void | Promise<void>): this {
    this.setUp = setUp;
    return this;
  }

  async start(): Promise<TracedApp> {
    const app = await this.create();
    running.push(app);
    app.useLogger(app.get(TracingLogger));
    await this.setUp(app);
    await app.listen(0, '127.0.0.1');
    this.sink.clear();
    const { port } = app.getHttpServer().address() as { port: number };
    const url = `http://127.0.0.1:${port}`;
    const send = (path: string, init?: RequestInit): Promise<Response> => fetch(url + path, init);
    return { app, url, port, sink: this.sink, send };
  }

  /** The application before it listens. */
  async create(): Promise<INestApplication> {
    const tracing = this.importTracing ?? [
      TracingModule.forRoot({ logger: sinkLogger(this.sink), ...this.options }),
    ];
    @Module({ ...this.metadata, imports: [...tracing, ...(this.metadata.imports ?? [])] })
    class AppModule {}
    return NestFactory.create(AppModule as Type, this.adapter ?? adapterOf(this.platform), {
      bufferLogs: true,
      abortOnError: false,
      forceCloseConnections: true,
    });
  }
}

export function tracedApp(platform: Platform, sink?: LineSink): TracedAppBuilder {
  return new TracedAppBuilder(platform, sink);
}

/** Options of a winston logger that writes JSON to a sink. */
export function sinkLogger(sink: LineSink) {
  return createLogger({
    level: 'silly',
    format: traceJson({ service: 'test' }),
    transports: [new transports.Stream({ stream: sink })],
  });
}

export function adapterOf(platform: Platform): ExpressAdapter {
  // The tests do the same on both, so the type of one is used for either.
  return platform === 'express'
    ? new ExpressAdapter()
    : // Passed to Fastify too: NestJS 11 does not do so.
      (new FastifyAdapter({ forceCloseConnections: true }) as unknown as ExpressAdapter);
}
