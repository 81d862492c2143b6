import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  NotFoundException,
  RequestMethod,
  Scope,
  Version,
  VersioningType,
} from '@nestjs/common';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller({ path: 'hosted', host: 'shop.test' })
class HostedController {
  @Get()
  get(): string {
    return 'hosted';
  }
}

@Controller('versioned')
class VersionedController {
  @Version('1')
  @Get()
  first(): string {
    return 'first';
  }

  @Version('2')
  @Get()
  second(): string {
    return 'second';
  }
}

abstract class BaseController {
  @Get('inherited/:id')
  inherited(): string {
    return 'inherited';
  }
}

@Controller('one')
class OneController extends BaseController {}

@Controller('two')
class TwoController extends BaseController {}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Get()
  get(): string {
    return 'scoped';
  }

  @Get('missing')
  missing(): void {
    throw new NotFoundException();
  }
}

@Controller('files')
class FilesController {
  @Get('*')
  get(): string {
    return 'file';
  }
}

const controllers = [
  HostedController,
  VersionedController,
  OneController,
  TwoController,
  ScopedController,
  FilesController,
];

describe.each(PLATFORMS)('route and handler on %s', (platform) => {
  it.each([
    ['/one/inherited/7', {}, '/one/inherited/:id', 'OneController.inherited'],
    ['/two/inherited/7', {}, '/two/inherited/:id', 'TwoController.inherited'],
    ['/scoped', {}, '/scoped', 'ScopedController.get'],
    ['/scoped/missing', {}, '/scoped/missing', 'ScopedController.missing'],
    ['/files/a/b', {}, expect.stringContaining('/files/'), 'FilesController.get'],
    ['/versioned', { 'x-version': '1' }, '/versioned', 'VersionedController.first'],
    ['/versioned', { 'x-version': '2' }, '/versioned', 'VersionedController.second'],
    ['/versioned', { 'x-version': '9' }, undefined, undefined],
    ['/raw/7', {}, '/raw/:id', undefined],
    ['/nowhere', {}, undefined, undefined],
  ])('of %s %j', async (path, headers, route, handler) => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers })
      .prepared((app) => {
        app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' });
        app
          .getHttpAdapter()
          .get('/raw/:id', (_request: unknown, response: { send(body: string): void }) => {
            response.send('raw');
          });
      })
      .start();
    await (await send(path, { headers: headers as Record<string, string> })).text();
    const [line] = await sink.finishes(1);
    expect({ route: line!['route'], handler: line!['handler'] }).toEqual({ route, handler });
  });

  it('of a host without a controller are none', async () => {
    const { send, sink } = await tracedApp('express').of({ controllers }).start();
    expect((await send('/hosted')).status).toBe(404);
    const [line] = await sink.finishes(1);
    expect(line).not.toHaveProperty('handler');
    expect(line).not.toHaveProperty('route');
  });

  it('respect what a global prefix excludes', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [OneController, ScopedController] })
      .prepared(
        (app) =>
          void app.setGlobalPrefix('api', {
            exclude: [{ path: 'scoped', method: RequestMethod.GET }],
          }),
      )
      .start();
    await (await send('/scoped')).text();
    await (await send('/api/one/inherited/7')).text();
    const finished = await sink.finishes(2);
    expect(finished.map(({ route }) => route)).toEqual(['/scoped', '/api/one/inherited/:id']);
  });
});
