import { describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import { mountTemplate } from '../../src/http-server/mount-template.js';

interface Layer {
  route?: object;
  rawPath?: unknown;
  handle: { stack?: Layer[] };
  path?: string | undefined;
  params?: object | undefined;
  match(path: string): unknown;
}

/** Makes the layers of a router as those before version 2.3: the match is in the layer. */
function asBefore(router: { stack: unknown }): void {
  for (const layer of router.stack as Layer[]) {
    const { match } = layer;
    delete layer.rawPath;
    layer.match = (path) => {
      const found = match.call(layer, path) as false | { path: string; params: object };
      layer.path = found === false ? undefined : found.path;
      layer.params = found === false ? undefined : found.params;
      return found !== false;
    };
  }
}

describe.each([
  ['keeps what is mounted', false],
  ['keeps only its match', true],
])('the template of mounts where the router %s', (_what, isBefore) => {
  it.each([
    ['/api', '/api', '/api'],
    ['/api/', '/api', '/api'],
    ['/API', '/api', isBefore ? '/api' : '/API'],
    ['/api/v1', '/API/V1', '/api/v1'],
    ['/tenants/:id', '/tenants/acme', isBefore ? undefined : '/tenants/:id'],
    ['/files/*rest', '/files/a/b', isBefore ? undefined : '/files/*rest'],
    ['/a{/b}', '/a/b', isBefore ? undefined : '/a{/b}'],
    [/^\/shop-\d+/, '/shop-17', undefined],
    [/^\/shop-([a-z]+)/, '/shop-north', undefined],
    ['/', '', ''],
  ])('%s of %s is %s', (mount, baseUrl, template) => {
    const inner = Router();
    const route = inner.route('/invoices');
    const router = Router();
    router.use('/other', Router());
    router.use(mount, inner);
    if (isBefore) [router, inner].forEach(asBefore);
    expect(mountTemplate({ router } as object, route, baseUrl)).toBe(template);
  });
});

it('a router that respects case has the template in its case', () => {
  const inner = Router();
  const route = inner.route('/invoices');
  const router = Router({ caseSensitive: true });
  router.use('/Api', inner);
  asBefore(router);
  expect(mountTemplate({ router } as object, route, '/Api')).toBe('/Api');
});

it('a path that cannot be decoded, and a router of another shape, have none', () => {
  const route = {};
  const broken = {
    stack: [
      {
        match: () => {
          throw new URIError();
        },
        handle: { stack: [{ route }] },
      },
    ],
  };
  expect(mountTemplate({ router: broken } as object, route, '/x')).toBeUndefined();
  expect(mountTemplate({}, route, '/x')).toBeUndefined();
  expect(mountTemplate({ router: { stack: 1 } } as object, route, '')).toBeUndefined();
});
