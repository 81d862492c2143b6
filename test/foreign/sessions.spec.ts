import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  Post,
  Req,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { TraceContext, TraceId } from '../../src/index.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { overlapRequests, pause, say, type Found } from './overlapping-requests.js';
import { SharedConnectionStore } from './shared-connection.js';
import { expectCallsOf, Upstream } from './upstream.js';

interface User {
  readonly name: string;
}

interface SessionRequest {
  readonly session: session.Session & { cart?: string };
  readonly user?: User;
  readonly params: { readonly n: string };
  /** On Fastify, what middlewares were given. */
  readonly raw?: SessionRequest;
}

/** What the middlewares were given: they put the session on it. */
const ownRequest = (request: SessionRequest): SessionRequest => request.raw ?? request;

@Injectable()
class LoggingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { params } = context.switchToHttp().getRequest<SessionRequest>();
    say(params.n, 'in a guard');
    return true;
  }
}

@Controller()
@UseGuards(LoggingGuard)
class CartsController {
  constructor(private readonly trace: TraceContext) {}

  @Post('carts/:n')
  async fill(
    @Param('n') n: string,
    @Req() request: SessionRequest,
    @TraceId() traceId: string,
  ): Promise<object> {
    const own = ownRequest(request);
    this.trace.set('own', `own-${n}`);
    say(n, 'filling');
    own.session.cart = `cart-${n}`;
    await pause();
    say(n, 'filled');
    return { traceId };
  }

  @Get('carts/:upstream/:n')
  async show(
    @Param('n') n: string,
    @Param('upstream') upstream: string,
    @Req() request: SessionRequest,
  ): Promise<object> {
    const { session } = ownRequest(request);
    this.trace.set('own', `own-${n}`);
    say(n, 'showing');
    await (await fetch(`http://127.0.0.1:${upstream}/carts/${n}`)).text();
    await pause();
    say(n, 'shown');
    return { cart: session.cart };
  }
}

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  async validate(name: string): Promise<User> {
    say(name.slice('user-'.length), 'validating');
    await pause();
    return { name };
  }
}

@Injectable()
class NameSerializer extends PassportSerializer {
  serializeUser(user: User, done: (error: unknown, name: string) => void): void {
    done(null, user.name);
  }

  deserializeUser(name: string, done: (error: unknown, user: User) => void): void {
    done(null, { name });
  }
}

@Injectable()
class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isRight = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest());
    return isRight;
  }
}

@Injectable()
class LoggedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user, params } = context.switchToHttp().getRequest<SessionRequest>();
    say(params.n, 'is logged in');
    return user !== undefined;
  }
}

@Controller()
class UsersController {
  constructor(private readonly trace: TraceContext) {}

  @Post('login/:n')
  @UseGuards(LoginGuard)
  async login(@Param('n') n: string, @Req() { user }: SessionRequest): Promise<object> {
    this.trace.set('own', `own-${n}`);
    say(n, 'logged in');
    await pause();
    return { user: user?.name };
  }

  @Get('me/:n')
  @UseGuards(LoggedInGuard)
  async me(@Param('n') n: string, @Req() { user }: SessionRequest): Promise<object> {
    this.trace.set('own', `own-${n}`);
    await pause();
    say(n, 'is known');
    return { user: user?.name };
  }
}

@Module({
  imports: [PassportModule.register({ session: true })],
  providers: [LocalStrategy, NameSerializer],
  controllers: [UsersController],
})
class UsersModule {}

/** The cookies of the answers, by the number of their request. */
function cookiesOf({ answers }: Found): string[] {
  return answers.map(({ headers }) => String(headers['set-cookie']?.[0]).split(';')[0]!);
}

const stores: SharedConnectionStore[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

describe.each([
  ['a timer', 'timer'],
  ['other requests', 'request'],
] as const)('sessions of a store whose callbacks come from %s', (_, drainedBy) => {
  function useSessions(app: INestApplication): void {
    const store = new SharedConnectionStore(drainedBy);
    stores.push(store);
    app.use(session({ secret: 'a', resave: false, saveUninitialized: false, store }));
  }

  const start = (platform: Platform, setUp: (app: INestApplication) => void = useSessions) =>
    tracedApp(platform)
      .of({ controllers: [CartsController], imports: [UsersModule] })
      .prepared(setUp)
      .start();

  it.each(PLATFORMS)('belong to their requests on %s', async (platform) => {
    const app = await start(platform);
    const filled = await overlapRequests(app, {
      method: 'POST',
      path: (n) => `/carts/${n}`,
      status: () => 201,
      lines: () => 3,
    });
    for (const { body, traceId } of filled.answers) expect(JSON.parse(body)).toEqual({ traceId });

    const cookies = cookiesOf(filled);
    const upstream = await Upstream.start();
    const { port } = new URL(upstream.url);
    const shown = await overlapRequests(app, {
      path: (n) => `/carts/${port}/${n}`,
      headers: (n) => ({ cookie: cookies[n]! }),
      lines: () => 3,
    });
    for (const { n, body } of shown.answers) {
      expect(JSON.parse(body)).toEqual({ cart: `cart-${n}` });
    }
    expectCallsOf(shown, upstream);
  });

  // Passport asks for a request of Express.
  it('hold the users of passport', async () => {
    const app = await start('express', (nest) => {
      useSessions(nest);
      nest.use(passport.initialize());
      nest.use(passport.session());
    });
    const loggedIn = await overlapRequests(app, {
      path: (n) => `/login/${n}`,
      headers: () => ({ 'content-type': 'application/json' }),
      body: (n) => JSON.stringify({ username: `user-${n}`, password: 'p' }),
      status: () => 201,
      lines: () => 2,
    });
    for (const { n, body } of loggedIn.answers) {
      expect(JSON.parse(body)).toEqual({ user: `user-${n}` });
    }
    const cookies = cookiesOf(loggedIn);
    // Every fourth client has no cookie.
    const hasCookie = (n: number): boolean => n % 4 !== 0;
    const known = await overlapRequests(app, {
      path: (n) => `/me/${n}`,
      headers: (n): Record<string, string> => (hasCookie(n) ? { cookie: cookies[n]! } : {}),
      status: (n) => (hasCookie(n) ? 200 : 403),
      fields: (n) => (hasCookie(n) ? { own: `own-${n}` } : {}),
      lines: (n) => (hasCookie(n) ? 2 : 1),
    });
    for (const { n, body } of known.answers) {
      if (hasCookie(n)) expect(JSON.parse(body)).toEqual({ user: `user-${n}` });
    }
  });
});
