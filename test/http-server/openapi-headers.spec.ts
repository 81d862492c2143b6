import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Headers, Post } from '@nestjs/common';
import { ApiHeader, ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { addTracingHeaders, type TracingModuleOptions } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller('orders')
class OrdersController {
  @Get(':id')
  @ApiResponse({ status: 200, headers: { ETag: { description: 'The version.' } } })
  @ApiResponse({ status: 404 })
  find(): string {
    return 'order';
  }

  @Post()
  @ApiHeader({ name: 'x-request-id', description: 'Ours.' })
  @ApiResponse({ status: 201, headers: { 'x-request-id': { description: 'Ours.' } } })
  create(@Body() body: object, @Headers('x-tenant') tenant: string): object {
    return { body, tenant };
  }
}

const IDS = ['X-Request-ID', 'X-Trace-ID'];

async function documented(platform: 'express' | 'fastify', options: TracingModuleOptions = {}) {
  const traced = await tracedApp(platform)
    .with(options)
    .of({ controllers: [OrdersController] })
    .start();
  const config = new DocumentBuilder().setTitle('Orders').build();
  return { ...traced, document: SwaggerModule.createDocument(traced.app, config) };
}

/** The operations and their responses, with the names of their headers. */
function headersOf({ paths }: { paths: object }): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]: [string, any]) =>
        Object.entries(operation.responses).map(([status, response]: [string, any]) => [
          `${method} ${path} ${status}`,
          Object.keys(response.headers ?? {}),
        ]),
      ),
    ),
  );
}

/** The names of the headers that an operation accepts. */
function parametersOf({ parameters }: any): string[] {
  return parameters.filter((one: any) => one.in === 'header').map((one: any) => one.name);
}

describe.each(PLATFORMS)('addTracingHeaders on %s', (platform) => {
  it('adds the headers that responses have, and keeps those of the document', async () => {
    const { app, document, send } = await documented(platform);
    const before = structuredClone(document);
    const result = addTracingHeaders(app, document);
    expect(document).toEqual(before);
    expect(headersOf(result)).toEqual({
      'get /orders/{id} 200': ['ETag', ...IDS],
      'get /orders/{id} 404': IDS,
      'post /orders 201': ['x-request-id', 'X-Trace-ID'],
    });
    const { get, post } = { ...result.paths['/orders/{id}']!, post: result.paths['/orders']!.post };
    expect(get!.responses['200']).toMatchObject({
      headers: {
        'X-Trace-ID': { description: expect.any(String), schema: { type: 'string' } },
      },
    });
    expect(post!.responses['201']).toMatchObject({
      headers: { 'x-request-id': { description: 'Ours.' } },
    });
    expect({ ...result, paths: undefined }).toEqual({ ...document, paths: undefined });
    const { headers } = await send('/orders/1');
    expect(IDS.filter((name) => headers.has(name))).toEqual(IDS);
  });

  it('changes nothing when it is called again', async () => {
    const { app, document } = await documented(platform);
    const once = addTracingHeaders(app, document, { parameters: true });
    expect(addTracingHeaders(app, once, { parameters: true })).toEqual(once);
  });

  it('adds the headers that callers may send, if asked', async () => {
    const { app, document } = await documented(platform);
    const { paths } = addTracingHeaders(app, document, { parameters: true });
    expect(parametersOf(paths['/orders/{id}']!.get)).toEqual([
      'X-Request-ID',
      'X-Session-ID',
      'traceparent',
    ]);
    expect(parametersOf(paths['/orders']!.post).toSorted()).toEqual(
      ['x-request-id', 'x-tenant', 'X-Session-ID', 'traceparent'].toSorted(),
    );
    const [header] = paths['/orders/{id}']!.get!.parameters!;
    expect(header).toEqual({
      name: 'X-Request-ID',
      in: 'header',
      required: false,
      description: expect.any(String),
      schema: { type: 'string' },
    });
  });

  it('serves the document', async () => {
    const { url } = await tracedApp(platform)
      .of({ controllers: [OrdersController] })
      .prepared((app) => {
        const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
        // The page needs static files, which are no part of this.
        SwaggerModule.setup('api', app, addTracingHeaders(app, document), { ui: false });
      })
      .start();
    const served = (await (await fetch(`${url}/api-json`)).json()) as { paths: object };
    expect(headersOf(served)).toMatchObject({ 'get /orders/{id} 404': IDS });
  });
});

describe('addTracingHeaders', () => {
  it.each<[string, TracingModuleOptions, string[], string[]]>([
    [
      'other names',
      {
        requestId: { header: 'X-Correlation-ID', sources: [() => undefined, 'x-correlation-id'] },
        session: { header: 'X-Session', sources: ['x-session'] },
      },
      ['X-Correlation-ID', 'X-Trace-ID', 'X-Session'],
      ['x-correlation-id', 'x-session', 'traceparent'],
    ],
    [
      'headers that are turned off, and sources without headers',
      {
        traceId: { header: false },
        requestId: { sources: [] },
        session: { sources: ['authorization'] },
      },
      ['X-Request-ID'],
      ['traceparent'],
    ],
    ['no trusted caller', { trustIncoming: false }, IDS, []],
  ])('honours %s', async (_, options, sent, accepted) => {
    const { app, document } = await documented('express', options);
    const result = addTracingHeaders(app, document, { parameters: true });
    expect(headersOf(result)['get /orders/{id} 404']).toEqual(sent);
    expect(parametersOf(result.paths['/orders/{id}']!.get)).toEqual(accepted);
  });

  it('leaves references as they are, and adds to what they refer to', async () => {
    const { app } = await documented('express');
    const document = {
      openapi: '3.1.0',
      paths: {
        '/a': {
          summary: 'A path',
          parameters: [{ $ref: '#/components/parameters/Trace' }],
          get: { responses: { 404: { $ref: '#/components/responses/Missing' }, 'x-own': {} } },
        },
        'x-own': 'text',
      },
      components: {
        parameters: { Trace: { name: 'Traceparent', in: 'header' } },
        responses: { Missing: { description: 'Not there.' } },
        schemas: { Order: {} },
      },
    };
    const result = addTracingHeaders(app, document, { parameters: true });
    const { responses } = result.paths['/a'].get;
    expect(responses).toEqual(document.paths['/a'].get.responses);
    expect(result.paths['x-own']).toBe('text');
    expect(parametersOf(result.paths['/a'].get)).toEqual(['X-Request-ID', 'X-Session-ID']);
    expect(result.components).toMatchObject({
      schemas: { Order: {} },
      responses: { Missing: { headers: { 'X-Trace-ID': {}, 'X-Request-ID': {} } } },
    });
  });
});
