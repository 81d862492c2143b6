import httpProxy from '@fastify/http-proxy';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Param, type INestApplication } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { Agent, type IncomingMessage } from 'node:http';
import { TraceContext } from '../../src/index.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { overlapRequests, pause, say } from './overlapping-requests.js';
import { expectCallsOf, Upstream } from './upstream.js';

// Gateways: what comes in is passed on with all of its headers, those of the caller's ids among them.

const numberOf = (url: string | undefined): string => /(\d+)(?:\?|$)/.exec(url ?? '')?.[1] ?? '';

@Controller()
class BesideController {
  constructor(private readonly trace: TraceContext) {}

  @Get('beside/:n')
  async beside(@Param('n') n: string): Promise<string> {
    this.trace.set('own', `own-${n}`);
    say(n, 'beside the proxy');
    await pause();
    say(n, 'done');
    return n;
  }
}

/** Every third request is answered by the application itself. */
const isProxied = (n: number): boolean => n % 3 !== 1;

type SetUp = (app: INestApplication, target: string) => void | Promise<void>;

function useMiddleware(agent?: Agent): SetUp {
  return (app, target) => {
    const trace = app.get(TraceContext);
    app.use((request: IncomingMessage, _: unknown, next: () => void) => {
      trace.set('own', `own-${numberOf(request.url)}`);
      next();
    });
    app.use(
      '/proxied',
      createProxyMiddleware({
        target,
        agent,
        on: {
          proxyReq: (_, request) => say(numberOf(request.url), 'passed on'),
          proxyRes: (_, request) => say(numberOf(request.url), 'answered'),
        },
      }),
    );
  };
}

function register(options: { http: object } | { undici: object }): SetUp {
  return async (app, target) => {
    const trace = app.get(TraceContext);
    const fastify = (app.getHttpAdapter() as unknown as FastifyAdapter).getInstance();
    await fastify.register(httpProxy, {
      upstream: target,
      prefix: '/proxied',
      ...options,
      preHandler: (request, _reply, done) => {
        trace.set('own', `own-${numberOf(request.url)}`);
        say(numberOf(request.url), 'passed on');
        done();
      },
      replyOptions: {
        onResponse: (request, reply, response) => {
          say(numberOf((request as FastifyRequest).url), 'answered');
          const { stream } = response as unknown as { stream: NodeJS.ReadableStream };
          return reply.send(stream);
        },
      },
    });
  };
}

const kept = new Agent({ keepAlive: true });

const GATEWAYS: readonly [string, Platform, SetUp][] = [
  ...PLATFORMS.flatMap((platform): [string, Platform, SetUp][] => [
    ['http-proxy-middleware', platform, useMiddleware()],
    ['http-proxy-middleware over kept connections', platform, useMiddleware(kept)],
  ]),
  ['@fastify/http-proxy', 'fastify', register({ undici: {} })],
  ['@fastify/http-proxy over node:http', 'fastify', register({ http: {} })],
];

describe.each(GATEWAYS)('a gateway with %s on %s', (_, platform, setUp) => {
  it.each([
    ['trusts its callers', true],
    ['does not trust its callers', false],
  ])('passes on its own ids where it %s', async (_how, isTrusted) => {
    const upstream = await Upstream.start();
    const app = await tracedApp(platform)
      .with({ trustIncoming: isTrusted })
      .of({ controllers: [BesideController] })
      .prepared((nest) => setUp(nest, upstream.url))
      .start();
    const found = await overlapRequests(app, {
      path: (n) => `/${isProxied(n) ? 'proxied' : 'beside'}/${n}`,
      isTrusted,
      lines: () => 2,
    });
    expectCallsOf({ ...found, answers: found.answers.filter(({ n }) => isProxied(n)) }, upstream);
    for (const { headers } of found.answers) {
      expect(headers['x-request-id']).not.toContain(',');
    }
  });
});
