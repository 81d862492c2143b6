import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express from 'express';
import { request as httpRequest } from 'node:http';
import { tracedApp, type TracedAppBuilder } from '../support/traced-app.js';

@Controller()
class ProbesController {
  @Get('health')
  health(): string {
    return 'ok';
  }

  @Get('Ready/:part')
  ready(): string {
    return 'ok';
  }

  @Get('last')
  last(): string {
    return 'ok';
  }
}

function strictExpress(): ExpressAdapter {
  const instance = express();
  instance.enable('case sensitive routing').enable('strict routing');
  return new ExpressAdapter(instance);
}

type Rules = readonly [string, () => TracedAppBuilder, readonly string[], readonly string[]];

const RULES: readonly Rules[] = [
  [
    'Express',
    () => tracedApp('express'),
    ['/health', '/health/', '/HEALTH?x=/', '/ready/DB/', '/Ready/db'],
    ['/health//', '//health', '/he%61lth', '/healthy', '/ready/other', '/health/x', '/Last'],
  ],
  [
    'Express with strict and case-sensitive routing',
    () => tracedApp('express').onto(strictExpress()),
    ['/health', '/Ready/db'],
    ['/health/', '/HEALTH', '/ready/db', '/last'],
  ],
  [
    'Fastify',
    () => tracedApp('fastify'),
    ['/health', '/he%61lth?x', '/Ready/db', '/Ready/%64b'],
    ['/health/', '/HEALTH', '//health', '/ready/db', '/he%2561lth', '/he%61lth%2F', '/last'],
  ],
  [
    'Fastify whose router ignores more',
    () =>
      tracedApp('fastify').onto(
        new FastifyAdapter({
          routerOptions: {
            caseSensitive: false,
            ignoreTrailingSlash: true,
            ignoreDuplicateSlashes: true,
            useSemicolonDelimiter: true,
          } as object,
        }),
      ),
    ['/health', '/health/', '/HEALTH', '//he%41lth//', '/health;v=1', '/ready/DB/'],
    ['/healthy', '/last'],
  ],
  [
    'Fastify with rewriteUrl',
    () =>
      tracedApp('fastify').onto(
        new FastifyAdapter({ rewriteUrl: ({ url = '' }) => url.replace('/v1/', '/') }),
      ),
    ['/health', '/v1/health'],
    ['/v2/health', '/v1/last'],
  ],
];

describe.each(RULES)('`accessLog.exclude` on %s compares as its router does', (...args) => {
  const [, app, excluded, written] = args;

  it.each([[['/health', '/Ready/db']], [['/last/x', '/health/x', '/health', '/Ready/db']]])(
    '%j',
    async (exclude) => {
      const { port, sink } = await app()
        .with({ accessLog: { exclude } })
        .of({ controllers: [ProbesController] })
        .start();
      const remaining = written.filter((path) => !exclude.includes(path));
      // As they are: a client of the standard would write them another way.
      for (const path of [...excluded, ...remaining]) await get(port, path);
      const lines = await sink.finishes(remaining.length);
      expect(lines.map(({ path }) => path)).toEqual(remaining);
    },
  );
});

function get(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      response.resume().once('end', resolve);
    });
    call.once('error', reject).end();
  });
}

describe('`accessLog.exclude`', () => {
  it('takes patterns with state, as often as they are asked', async () => {
    const { send, sink } = await tracedApp('express')
      .with({ accessLog: { exclude: [/^\/health/g, /ready/giy] } })
      .of({ controllers: [ProbesController] })
      .start();
    for (let i = 0; i < 3; i++) await (await send('/health')).text();
    await (await send('/Ready/db')).text();
    const lines = await sink.finishes(1);
    expect(lines.map(({ path }) => path)).toEqual(['/Ready/db']);
  });

  it('takes the template of a route', async () => {
    const { send, sink } = await tracedApp('express')
      .with({ accessLog: { exclude: ['/Ready/:part'] } })
      .of({ controllers: [ProbesController] })
      .start();
    for (const path of ['/Ready/db', '/ready/cache/', '/health']) await (await send(path)).text();
    const lines = await sink.finishes(1);
    expect(lines.map(({ path }) => path)).toEqual(['/health']);
  });

  it('takes paths with the global prefix, as lines have them', async () => {
    const { send, sink } = await tracedApp('express')
      .with({ accessLog: { exclude: ['/api/health', '/last'] } })
      .of({ controllers: [ProbesController] })
      .prepared((nest) => void nest.setGlobalPrefix('api'))
      .start();
    for (const path of ['/API/health/', '/api/last']) await (await send(path)).text();
    const lines = await sink.finishes(1);
    expect(lines.map(({ path }) => path)).toEqual(['/api/last']);
  });
});
