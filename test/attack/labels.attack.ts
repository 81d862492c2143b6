import { describe, expect, it } from '@jest/globals';
import { All, Controller, Get, Param, Res } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import express from 'express';
import type { ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { get, head, rawRequest } from './raw-request.js';

// Whoever sends requests must not choose how many series there are, nor push a real one out.

@Controller()
class OrdersController {
  @Get('orders')
  list(): string {
    return 'ok';
  }

  @All('files/:name')
  file(@Param('name') name: string): string {
    return name;
  }

  @Get('status/:code')
  status(@Param('code') code: string, @Res() response: ServerResponse): void {
    // Fastify's reply has the response of Node in it.
    const raw = (response as { raw?: ServerResponse }).raw ?? response;
    raw.statusCode = Number(code);
    raw.end();
  }

  @Get('fails/:name')
  fails(@Param('name') name: string): never {
    throw Object.assign(new Error('x'), { name, code: name });
  }
}

interface LabelAttack {
  readonly name: string;
  /** The request with this number. */
  readonly request: (number: number) => string;
  readonly count: number;
  readonly platforms?: readonly Platform[];
}

const close = 'Connection: close';
const ATTACKS: readonly LabelAttack[] = [
  {
    name: 'spellings of a mounted path',
    request: (n) => get(`/shared/folder-${n}/files`),
    count: 600,
    platforms: ['express'],
  },
  {
    name: 'spellings of a mounted path that is not found',
    request: (n) => get(`/shared/folder-${n}/none-${n}`),
    count: 600,
    platforms: ['express'],
  },
  { name: 'paths that are not found', request: (n) => get(`/none-${n}/${n}`), count: 600 },
  { name: 'values of a parameter', request: (n) => get(`/files/${n}`), count: 600 },
  { name: 'queries', request: (n) => get(`/orders?page=${n}`), count: 600 },
  { name: 'all statuses', request: (n) => get(`/status/${100 + n}`), count: 900 },
  { name: 'names of errors', request: (n) => get(`/fails/Error${n}`), count: 300 },
  {
    name: 'methods',
    request: (n) =>
      head(
        ['PURGE', 'LINK', 'PROPFIND', 'REPORT', 'COPY', 'LOCK', 'TRACE', 'MKCOL'][n % 8]!,
        `/files/${n}`,
        close,
      ),
    count: 40,
  },
  {
    name: 'hosts and ids',
    request: (n) =>
      `GET /orders HTTP/1.1\r\nHost: host-${n}\r\nX-Request-ID: id-${n}\r\n${close}\r\n\r\n`,
    count: 300,
  },
];
/** Of all series, in the buckets of one histogram. */
const MOST_SERIES = 1500;
const AT_ONCE = 20;

function mount(platform: Platform): (app: INestApplication) => void {
  return (app) => {
    if (platform === 'fastify') return;
    const router = express.Router().get('/files', (_, response) => response.end('ok'));
    app.use('/shared/:folder', router);
  };
}

describe.each(PLATFORMS)('labels', (platform) => {
  const attacks = ATTACKS.filter(({ platforms = PLATFORMS }) => platforms.includes(platform));
  it.each(attacks)(`on ${platform}: $count $name`, async ({ request, count }) => {
    const registry = new Registry();
    const { port, url, sink } = await tracedApp(platform)
      .of({
        controllers: [OrdersController],
        imports: [TracingMetricsModule.forRoot({ registry })],
      })
      .prepared(mount(platform))
      .start();
    for (let at = 0; at < count; at += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, n) => at + n);
      await Promise.all(numbers.map((number) => rawRequest(port, request(number))));
    }
    await fetch(`${url}/orders`, { headers: { 'x-request-id': 'real' } });
    await eventually(() => sink.finished.some(({ request_id }) => request_id === 'real'), 'it');
    const text = await registry.metrics();
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const values = (label: string): string[] => [
      ...new Set(
        [...text.matchAll(new RegExp(`${label}="([^"]*)"`, 'g'))].map(([, value]) => value!),
      ),
    ];
    expect(values('http_route')).toContain('/orders');
    expect(values('http_route').filter((route) => /\d/.test(route))).toEqual([]);
    expect(values('http_route').length).toBeLessThan(12);
    expect(values('http_request_method').length).toBeLessThan(12);
    expect(values('http_response_status_code').length).toBeLessThan(80);
    expect(values('error_type').length).toBeLessThan(80);
    expect(series.length).toBeLessThan(MOST_SERIES);
  });
});
