import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Inject,
  Logger,
  Scope,
  UseGuards,
  type CanActivate,
} from '@nestjs/common';
import { MessagePattern, Transport, ClientProxyFactory } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { SkipAccessLog, subscribeApplication, TraceContext } from '../../src/index.js';
import { freePort } from '../support/free-port.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

class Denies implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException();
  }
}

abstract class BaseController {
  @Get('inherited')
  inherited(): string {
    return 'inherited';
  }

  @Get('inherited/denied')
  @UseGuards(Denies)
  inheritedDenied(): string {
    return 'never';
  }
}

@SkipAccessLog()
@Controller('quiet')
class QuietController extends BaseController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {
    super();
  }

  @Get()
  get(): string {
    new Logger('quiet').log(`in ${this.trace.requestId}`);
    return 'quiet';
  }

  @Get('denied')
  @UseGuards(Denies)
  denied(): string {
    return 'never';
  }

  @Get('broken')
  broken(): void {
    throw new Error('broken');
  }
}

@Controller({ path: 'loud', scope: Scope.REQUEST })
class LoudController extends BaseController {
  @SkipAccessLog()
  @Get('quiet')
  quiet(): string {
    return 'quiet';
  }

  @SkipAccessLog()
  @Get('denied')
  @UseGuards(Denies)
  denied(): string {
    return 'never';
  }

  @Get()
  get(): string {
    return 'loud';
  }

  @SkipAccessLog()
  @MessagePattern('message.quiet')
  quietMessage(): string {
    return 'quiet';
  }

  @SkipAccessLog()
  @UseGuards(Denies)
  @MessagePattern('message.denied')
  deniedMessage(): string {
    return 'never';
  }

  @MessagePattern('message.loud')
  loudMessage(): string {
    return 'loud';
  }
}

const controllers = [QuietController, LoudController];
const QUIET = [
  '/quiet',
  '/quiet/denied',
  '/quiet/broken',
  '/quiet/inherited',
  '/loud/quiet',
  '/loud/denied',
];
const LOUD = ['/loud', '/loud/inherited', '/loud/inherited/denied', '/quiet/nowhere'];

describe.each(PLATFORMS)('@SkipAccessLog on %s', (platform) => {
  it.each([true, false])(
    'leaves lines out, and nothing else (interceptor: %s)',
    async (interceptor) => {
      const { app, send, sink } = await tracedApp(platform)
        .with({ interceptor })
        .of({ controllers })
        .start();
      const ended: (string | undefined)[] = [];
      subscribeApplication(app, { onRequest: ({ metadata }) => ended.push(metadata.path) });
      for (const path of [...QUIET, ...LOUD]) {
        const response = await send(path, { headers: { 'x-request-id': `r:${path}` } });
        await response.text();
        expect(response.headers.get('x-request-id')).toBe(`r:${path}`);
      }
      const lines = await sink.finishes(LOUD.length);
      expect(lines.map(({ path }) => path)).toEqual(LOUD);
      expect(ended).toEqual([...QUIET, ...LOUD]);
      expect(sink.linesOf('in r:/quiet').map((line) => line.request_id)).toEqual(['r:/quiet']);
    },
  );
});

it('@SkipAccessLog leaves out the lines of messages', async () => {
  const port = await freePort();
  const { sink } = await tracedApp('express')
    .of({ controllers })
    .prepared(async (app) => {
      app.connectMicroservice({ transport: Transport.TCP, options: { port } });
      await app.startAllMicroservices();
    })
    .start();
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { port } });
  for (const name of ['quiet', 'denied', 'loud']) {
    await firstValueFrom(client.send(`message.${name}`, {})).catch(() => {});
  }
  client.close();
  // The loud one is the last.
  await eventually(() => sink.linesOf('Message finished').length > 0, 'the line of a message');
  expect(sink.linesOf('Message finished').map((line) => line['pattern'])).toEqual(['message.loud']);
});
