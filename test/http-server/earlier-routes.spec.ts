import { expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import { fastify } from 'fastify';
import { tracedApp } from '../support/traced-app.js';

@Controller('own')
class OwnController {
  @Get()
  get(): string {
    return 'own';
  }
}

const PATHS = ['/early/7', '/answered', '/own'];

it('traces routes and middleware that an Express application had before NestJS', async () => {
  const instance = express();
  instance.use((request, response, next) => {
    if (request.url === '/answered') response.end('answered');
    else next();
  });
  instance.get('/early/:id', (_request, response) => void response.end('early'));
  const hooked: (string | undefined)[] = [];
  const { send, sink } = await tracedApp('express')
    .onto(new ExpressAdapter(instance))
    .of({ controllers: [OwnController] })
    .prepared((app) => {
      (app.getHttpAdapter() as unknown as ExpressAdapter).setOnRequestHook(
        (request, _res, done) => {
          hooked.push((request as { url?: string }).url);
          done();
        },
      );
    })
    .start();
  for (const path of PATHS) {
    const response = await send(path, { headers: { 'x-request-id': `r:${path}` } });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe(`r:${path}`);
  }
  const lines = await sink.finishes(PATHS.length);
  expect(lines.map(({ request_id, route }) => [request_id, route])).toEqual([
    ['r:/early/7', '/early/:id'],
    ['r:/answered', undefined],
    ['r:/own', '/own'],
  ]);
  // The application's own hook runs where NestJS has it: behind what was there first.
  expect(hooked).toEqual(['/own']);
});

it('adds no layer to an Express application that had none before NestJS', async () => {
  const instance = express();
  const { app } = await tracedApp('express').onto(new ExpressAdapter(instance)).start();
  const first = String(instance.router.stack[0]?.handle);
  expect(first).toContain('onRequestHook');
  await app.close();
});

it('traces routes and plugins that a Fastify instance had before NestJS', async () => {
  const instance = fastify({ forceCloseConnections: true });
  instance.get('/early/:id', () => 'early');
  await instance.register((plugin, _options, done) => {
    plugin.get('/plugin/:id', () => 'plugin');
    done();
  });
  const { send, sink } = await tracedApp('fastify')
    .onto(new FastifyAdapter(instance as object))
    .of({ controllers: [OwnController] })
    .start();
  for (const path of ['/early/7', '/plugin/7', '/own']) await (await send(path)).text();
  const lines = await sink.finishes(3);
  expect(lines.map(({ route }) => route)).toEqual(['/early/:id', '/plugin/:id', '/own']);
});
