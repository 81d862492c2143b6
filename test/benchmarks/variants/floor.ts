import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoggerService, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import sonicBoom from 'sonic-boom';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

// The least that the same work can cost inside Nest: what one would write by hand for this one
// application, with nothing to configure, nothing to plug into and no care for errors.

/** The ids of a request as they appear in its lines, rendered once. */
const ids = new AsyncLocalStorage<string>();
const output = new sonicBoom.SonicBoom({ fd: 1, sync: true });
const acceptable = /^[\w.:@/+=-]{1,128}$/;

function write(level: string, message: string, rendered: string, rest: string): void {
  output.write(
    `{"timestamp":"${new Date().toISOString()}","level":"${level}",` +
      `"message":${JSON.stringify(message)},${rendered},${rest}}\n`,
  );
}

function lineAt(level: string): (message: string, context?: string) => void {
  return (message, context) =>
    write(level, message, ids.getStore() ?? '"request_id":"-"', `"context":"${context}"`);
}

const logger: LoggerService = {
  log: lineAt('info'),
  warn: lineAt('warn'),
  error: lineAt('error'),
};

function trace(
  request: IncomingMessage,
  reply: ServerResponse & { raw?: ServerResponse },
  done: () => void,
): void {
  const response = reply.raw ?? reply; // Fastify hands over its own reply, Express Node's
  const startedAt = performance.now();
  const sent = request.headers['x-request-id'];
  const requestId = typeof sent === 'string' && acceptable.test(sent) ? sent : randomUUID();
  const rendered = `"trace_id":"${requestId}","request_id":"${requestId}","session_id":"${randomUUID()}"`;
  response.setHeader('X-Request-ID', requestId);
  response.setHeader('X-Trace-ID', requestId);
  response.on('finish', () => {
    const duration = (performance.now() - startedAt).toFixed(3);
    const rest =
      `"duration_ms":${duration},"method":"${request.method}",` +
      `"path":${JSON.stringify(request.url)},"status_code":${response.statusCode}`;
    write('info', 'Request finished', rendered, rest);
  });
  ids.run(rendered, done);
}

@Module({ controllers: [PaymentController] })
class AppModule {}

await serve(({ adapter }) => {
  adapter.setOnRequestHook?.(trace);
  return NestFactory.create(AppModule, adapter, { logger });
});
