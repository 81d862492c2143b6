import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Catch,
  Controller,
  Get,
  Injectable,
  mixin,
  Param,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  DefaultValuePipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { Observable } from 'rxjs';
import type { Step } from '../../src/index.js';
import { PLATFORMS, tracedApp, type TracedApp } from '../support/traced-app.js';

class GlobalGuard implements CanActivate {
  canActivate(): boolean {
    return this.isAllowed();
  }

  isAllowed(): boolean {
    return true;
  }
}
class ProvidedGuard extends GlobalGuard {}
class ControllerGuard extends GlobalGuard {}
class Wrapping implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}
class ProvidedInterceptor extends Wrapping {}
class MethodInterceptor extends Wrapping {}
class PropertyInterceptor implements NestInterceptor {
  intercept = (_context: ExecutionContext, next: CallHandler): Observable<unknown> => next.handle();
}
class Trimming implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}
@Catch()
class Answering implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    // The same on both platforms.
    const response = host
      .switchToHttp()
      .getResponse<{ raw?: { statusCode: number; end(): void } }>();
    const raw = response.raw ?? (response as unknown as { statusCode: number; end(): void });
    raw.statusCode = 503;
    raw.end();
  }
}

@UseGuards(new ControllerGuard())
@Controller()
class OrdersController {
  @UseGuards({ canActivate: () => true })
  @UseInterceptors(new MethodInterceptor(), new PropertyInterceptor())
  @UsePipes(new DefaultValuePipe('none'))
  @UseFilters(new Answering())
  @Get('orders/:id')
  find(@Param('id', new Trimming()) id: string, @Query('q') _query: string): never {
    throw new BadRequestException(id);
  }
}

const stepNames = async ({ sink }: TracedApp): Promise<string[]> => {
  const [line] = await sink.finishes(1);
  return (line!['steps'] as Step[]).map(({ name }) => name);
};

describe.each(PLATFORMS)('enhancers that were given as objects, on %s', (platform) => {
  it('are steps, wherever they were given', async () => {
    const traced = await tracedApp(platform)
      .with({ spans: { auto: true } })
      .of({
        controllers: [OrdersController],
        providers: [
          { provide: APP_GUARD, useValue: new ProvidedGuard() },
          { provide: APP_INTERCEPTOR, useFactory: () => new ProvidedInterceptor() },
        ],
      })
      .prepared((app) => {
        app.useGlobalGuards(new GlobalGuard());
        app.useGlobalInterceptors(new Wrapping());
      })
      .start();
    await traced.send('/orders/7');
    const names = await stepNames(traced);
    expect(new Set(names)).toEqual(
      new Set([
        ...['GlobalGuard', 'ProvidedGuard', 'ControllerGuard'].flatMap((guard) => [
          `${guard}.canActivate`,
          `${guard}.isAllowed`,
        ]),
        'Guard.canActivate',
        'Wrapping.intercept',
        'ProvidedInterceptor.intercept',
        'MethodInterceptor.intercept',
        'PropertyInterceptor.intercept',
        'DefaultValuePipe.transform',
        'Trimming.transform',
        'OrdersController.find',
        'Answering.catch',
      ]),
    );
  });

  it('are left out like others', async () => {
    const exclude = ['GlobalGuard', 'DefaultValuePipe', /Interceptor\./, 'Wrapping', 'Answering'];
    const traced = await tracedApp(platform)
      .with({ spans: { auto: { exclude } } })
      .of({ controllers: [OrdersController] })
      .prepared((app) => {
        app.useGlobalGuards(new GlobalGuard());
        app.useGlobalInterceptors(new Wrapping());
      })
      .start();
    await traced.send('/orders/7');
    expect(await stepNames(traced)).toEqual([
      'ControllerGuard.canActivate',
      'ControllerGuard.isAllowed',
      'Guard.canActivate',
      'Trimming.transform',
      'OrdersController.find',
    ]);
  });
});

const LimitGuard = (limit: number): Type<CanActivate> => {
  return mixin(
    class implements CanActivate {
      canActivate(): boolean {
        if (limit === 0) throw new Error('none left');
        return true;
      }
    },
  );
};
function TokenAuthGuard(strategy: string | string[]): Type<CanActivate> {
  class MixinTokenAuthGuard implements CanActivate {
    canActivate(): never {
      throw new Error(`no ${String(strategy)}`);
    }
  }
  return mixin(MixinTokenAuthGuard);
}
function createUploadInterceptor(field: string): Type<NestInterceptor> {
  class MixinInterceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      if (field === '') throw new Error('no field');
      return next.handle();
    }
  }
  return mixin(MixinInterceptor);
}
@Injectable()
class JwtGuard extends TokenAuthGuard('jwt') {}
const NamelessGuard = [class extends TokenAuthGuard(['jwt', 'local']) {}][0]!;
const PassportGuard: Type<CanActivate> = AuthGuard('jwt');

describe('the name of a class that a function has made', () => {
  it.each<[string, Type<CanActivate>]>([
    ['AuthGuard(jwt)', PassportGuard],
    ['AuthGuard(jwt,local)', AuthGuard(['jwt', 'local'])],
    ['TokenAuthGuard(saml)', TokenAuthGuard('saml')],
    ['TokenAuthGuard(saml,oauth2)', TokenAuthGuard(['saml', 'oauth2'])],
    ['TokenAuthGuard', TokenAuthGuard('3f9a1c0b7de84425a6b1')],
    ['TokenAuthGuard', TokenAuthGuard('a key with spaces')],
    ['JwtGuard', JwtGuard],
    ['TokenAuthGuard(jwt,local)', NamelessGuard],
    ['LimitGuard', LimitGuard(0)],
  ])('is %s', async (name, guard) => {
    @UseGuards(guard)
    @Controller()
    class GuardedController {
      @Get()
      get(): string {
        return '';
      }
    }
    const traced = await tracedApp('express')
      .with({ spans: { auto: true } })
      .of({ controllers: [GuardedController] })
      .start();
    await traced.send('/');
    expect((await stepNames(traced))[0]).toBe(`${name}.canActivate`);
  });

  it('is that of the function, where its own says nothing', async () => {
    @Controller()
    class UploadController {
      @UseInterceptors(createUploadInterceptor('avatar'))
      @Get()
      get(): never {
        throw new Error('no room');
      }
    }
    const traced = await tracedApp('fastify')
      .with({ spans: { auto: { exclude: ['UploadController'] } } })
      .of({ controllers: [UploadController] })
      .start();
    await traced.send('/');
    expect(await stepNames(traced)).toEqual(['UploadInterceptor.intercept']);
  });

  it('can be named in the options, with or without its strategy', async () => {
    for (const exclude of [['TokenAuthGuard'], ['TokenAuthGuard(saml)']]) {
      @UseGuards(TokenAuthGuard('saml'))
      @Controller()
      class GuardedController {
        @Get()
        get(): void {}
      }
      const traced = await tracedApp('express')
        .with({ spans: { auto: { exclude } } })
        .of({ controllers: [GuardedController] })
        .start();
      await traced.send('/');
      const [line] = await traced.sink.finishes(1);
      expect(line!['steps']).toBeUndefined();
    }
  });
});
