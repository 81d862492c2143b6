import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Logger,
  Module,
  Param,
  Sse,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { InterceptorsConsumer } from '@nestjs/core/interceptors/index.js';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  concatMap,
  delay,
  finalize,
  from,
  interval,
  lastValueFrom,
  map,
  of,
  range,
  type Observable,
} from 'rxjs';
import { TracingModule } from '../../src/index.js';
import { LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';

const STEP_MS = 30;
const logger = new Logger('Shares');

@Injectable()
class SlowGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    await sleep(2 * STEP_MS);
    return true;
  }
}

@Injectable()
class SlowPipe implements PipeTransform {
  async transform(value: unknown): Promise<unknown> {
    await sleep(STEP_MS);
    return value;
  }
}

/** Takes a step before and behind the handler. */
@Injectable()
class SlowInterceptor implements NestInterceptor {
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await sleep(STEP_MS);
    return next.handle().pipe(delay(STEP_MS));
  }
}

@Injectable()
class PassingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** Answers at once, with a promise for what the handler gives. */
@Injectable()
class WrappingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return of(lastValueFrom(next.handle()));
  }
}

@Controller('shares')
class SharesController {
  @Get('quick')
  quick(): string {
    return 'quick';
  }

  @Get('guarded')
  @UseGuards(SlowGuard)
  guarded(): string {
    return 'guarded';
  }

  @Get('piped/:id')
  piped(@Param('id', SlowPipe) id: string): string {
    return id;
  }

  @Get('observable')
  observable(): Observable<string> {
    return of('late').pipe(delay(STEP_MS));
  }

  @Get('promised')
  async promised(): Promise<Observable<string>> {
    await sleep(STEP_MS);
    return of('later').pipe(delay(STEP_MS));
  }

  @Get('wrapped')
  @UseInterceptors(WrappingInterceptor)
  async wrapped(): Promise<string> {
    await sleep(STEP_MS);
    return 'wrapped';
  }

  @Get('inside')
  inside(): Observable<Promise<string>> {
    return from([Promise.resolve('dropped'), sleep(STEP_MS, 'inside')]);
  }

  @Get('inside-promised')
  async insidePromised(): Promise<Observable<Promise<string>>> {
    await sleep(STEP_MS);
    return of(sleep(STEP_MS, 'inside'));
  }

  @Get('inside-rejected')
  insideRejected(): Observable<Promise<string>> {
    return of(sleep(STEP_MS).then(() => Promise.reject(new Error('inside'))));
  }

  @Get('inside-lazy')
  insideLazy(): Observable<PromiseLike<string>> {
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (onValue: (value: string) => unknown) => sleep(STEP_MS, 'lazy').then(onValue),
    };
    return of(query as PromiseLike<string>);
  }

  @Get('inside-dropped')
  insideDropped(): Observable<unknown> {
    return from([sleep(10 * STEP_MS), sleep(STEP_MS)]);
  }

  @Get('thrown')
  async thrown(): Promise<void> {
    await sleep(STEP_MS);
    throw new Error('thrown');
  }

  @Get('intercepted')
  @UseInterceptors(SlowInterceptor)
  intercepted(): string {
    return 'intercepted';
  }

  @Get('slow')
  async slow(): Promise<void> {
    await sleep(20 * STEP_MS);
  }

  @Sse('endless')
  endless(): Observable<{ data: number }> {
    return interval(STEP_MS).pipe(
      map((data) => ({ data })),
      finalize(() => logger.log('left')),
    );
  }

  @Sse('events')
  events(): Observable<{ data: number }> {
    return range(0, 3).pipe(concatMap((data) => of({ data }).pipe(delay(STEP_MS))));
  }
}

/** Steps that a route's handler takes. Timers may fire a millisecond early. */
const SHARES: readonly [path: string, steps: number][] = [
  ['guarded', 0],
  ['piped/7', 1],
  ['observable', 1],
  ['promised', 2],
  ['wrapped', 1],
  ['inside', 1],
  ['inside-promised', 2],
  ['inside-rejected', 1],
  ['inside-lazy', 1],
  ['thrown', 1],
  ['intercepted', 2],
  ['events', 3],
];

/** Milliseconds of a request outside its handler. */
function elsewhere([line]: Line[]): number {
  return (line!['duration_ms'] as number) - (line!['handler_ms'] as number);
}

describe.each(PLATFORMS)('the share of a handler, %s', (platform) => {
  const start = () =>
    tracedApp(platform)
      .of({ controllers: [SharesController] })
      .start();

  it.each(SHARES)('of %s is %i steps', async (path, steps) => {
    const { send, sink } = await start();
    await (await send(`/shares/${path}`)).text();
    const [line] = await sink.finishes(1);
    expect(line!['handler_ms']).toBeGreaterThanOrEqual(steps * STEP_MS - 2);
  });

  it.each(SHARES)(
    'of %s is %i steps where its interceptor is not the first',
    async (path, steps) => {
      @Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: PassingInterceptor }] })
      class FirstModule {}
      const sink = new LineSink();
      const { send } = await tracedApp(platform, sink)
        .importing(FirstModule, TracingModule.forRoot({ logger: sinkLogger(sink) }))
        .of({ controllers: [SharesController] })
        .start();
      await (await send(`/shares/${path}`)).text();
      const [line] = await sink.finishes(1);
      expect(line!['handler_ms']).toBeGreaterThanOrEqual(steps * STEP_MS - 2);
    },
  );

  it('ends with the last promise that an observable emits, the only one that NestJS awaits', async () => {
    const { send, sink } = await start();
    await (await send('/shares/inside-dropped')).text();
    const [line] = await sink.finishes(1);
    expect(line!['handler_ms']).toBeGreaterThanOrEqual(STEP_MS - 2);
    expect(line!['handler_ms']).toBeLessThan(8 * STEP_MS);
  });

  it('does not include its guards', async () => {
    const { send, sink } = await start();
    await (await send('/shares/guarded')).text();
    expect(elsewhere(await sink.finishes(1))).toBeGreaterThanOrEqual(2 * STEP_MS - 2);
  });

  it('lasts until the client disconnects', async () => {
    const { url, sink } = await start();
    await fetch(`${url}/shares/slow`, { signal: AbortSignal.timeout(3 * STEP_MS) }).catch(() => {});
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ outcome: 'aborted', handler: 'SharesController.slow' });
    expect(line!['handler_ms']).toBeGreaterThan(STEP_MS);
    expect(line!['handler_ms']).toBeLessThan(20 * STEP_MS);
  });

  it('has its context to the end of an event stream whose client disconnects', async () => {
    const { url, sink } = await start();
    const leaving = new AbortController();
    const headers = { 'x-request-id': 'r-1' };
    const { body } = await fetch(`${url}/shares/endless`, { headers, signal: leaving.signal });
    await body!.getReader().read();
    leaving.abort();
    await sink.finishes(1);
    expect(sink.linesOf('left').map(({ request_id }) => request_id)).toEqual(['r-1']);
  });

  it('does not include what an interceptor in front of it does', async () => {
    @Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: SlowInterceptor }] })
    class FirstModule {}
    const sink = new LineSink();
    const { send } = await tracedApp(platform, sink)
      .importing(FirstModule, TracingModule.forRoot({ logger: sinkLogger(sink) }))
      .of({ controllers: [SharesController] })
      .start();
    await (await send('/shares/quick')).text();
    expect(elsewhere(await sink.finishes(1))).toBeGreaterThanOrEqual(2 * STEP_MS - 2);
  });

  describe('and what NestJS does for interceptors', () => {
    const transform = jest.spyOn(InterceptorsConsumer.prototype, 'transformDeferred');
    beforeEach(() => {
      transform.mockClear();
    });

    it('is not done for a route that has none', async () => {
      const { send, sink } = await start();
      await (await send('/shares/quick')).text();
      const [line] = await sink.finishes(1);
      expect(line!['handler_ms']).toBeGreaterThan(0);
      expect(transform).not.toHaveBeenCalled();
    });

    it('is done for one that has', async () => {
      const { send, sink } = await start();
      await (await send('/shares/intercepted')).text();
      await sink.finishes(1);
      expect(transform).toHaveBeenCalledTimes(1);
    });
  });
});
