import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  UseGuards,
  type Type,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { createHmac } from 'node:crypto';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const KEY = 'a key of this test';
const HOUR_S = 3600;

@Injectable()
class OrdersJwt extends PassportStrategy(JwtStrategy, 'jwt-of-orders') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: KEY,
      audience: 'orders',
    });
  }
  validate(payload: object): object {
    return payload;
  }
}

/** What passport gives a strategy for each request. */
class Custom {
  declare fail: (challenge: unknown, status: number) => void;
  declare success: (user: object, info: unknown) => void;
}

/** Refuses each request with a text or an object, as strategies for passwords and API keys do. */
function refusing(name: string, challenge: unknown): Type {
  class Refusing extends Custom {
    authenticate(): void {
      this.fail(challenge, 401);
    }
  }
  @Injectable()
  class Strategy extends PassportStrategy(Refusing, name) {
    validate(): void {}
  }
  return Strategy;
}

/** Knows the caller, and tells of it what is no reason for anything. */
class Accepting extends Custom {
  authenticate(): void {
    this.success({ id: 1 }, { message: 'signed in by a cookie' });
  }
}
@Injectable()
class OrdersAccepting extends PassportStrategy(Accepting, 'accepting-of-orders') {
  validate(): void {}
}

const providers = [
  OrdersJwt,
  OrdersAccepting,
  refusing('text-of-orders', 'Bearer realm="orders", error="invalid_token"'),
  refusing('object-of-orders', { message: 'Missing password=hunter2', user: 'ann' }),
  refusing('silent-of-orders', undefined),
];

class OwnGuard extends AuthGuard('jwt-of-orders') {
  override handleRequest<T>(_error: unknown, user: T): T {
    if (!user) throw new ForbiddenException('not you', { cause: new Error('its own cause') });
    return user;
  }
}

@Controller()
class Orders {
  @Get('jwt')
  @UseGuards(AuthGuard('jwt-of-orders'))
  jwt(): string {
    return 'ok';
  }
  @Get('several')
  @UseGuards(AuthGuard(['jwt-of-orders', 'silent-of-orders', 'object-of-orders']))
  several(): string {
    return 'ok';
  }
  @Get('text')
  @UseGuards(AuthGuard('text-of-orders'))
  text(): string {
    return 'ok';
  }
  @Get('silent')
  @UseGuards(AuthGuard('silent-of-orders'))
  silent(): string {
    return 'ok';
  }
  @Get('own')
  @UseGuards(OwnGuard)
  own(): string {
    return 'ok';
  }
  @Get('accepting')
  @UseGuards(AuthGuard('accepting-of-orders'))
  accepting(): string {
    throw new ForbiddenException();
  }
}

function tokenOf(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', KEY).update(signed).digest('base64url')}`;
}

const now = Math.floor(Date.now() / 1000);
const EXPIRED = tokenOf({ aud: 'orders', exp: now - HOUR_S });
const FOREIGN = tokenOf({ aud: 'billing', exp: now + HOUR_S });
const GOOD = tokenOf({ aud: 'orders', exp: now + HOUR_S });

describe.each(PLATFORMS)('a request that passport has refused on %s', (platform) => {
  it('says why, each with its own reason, and shows no token', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [Orders], providers })
      .start();
    const cases: [id: string, path: string, token: string | undefined, cause: unknown][] = [
      ['r-none', 'jwt', undefined, { name: 'Error', message: 'No auth token' }],
      ['r-old', 'jwt', EXPIRED, { name: 'TokenExpiredError', message: 'jwt expired' }],
      [
        'r-foreign',
        'jwt',
        FOREIGN,
        { name: 'JsonWebTokenError', message: 'jwt audience invalid. expected: orders' },
      ],
      ['r-broken', 'jwt', 'a.b.c', { name: 'JsonWebTokenError', message: 'invalid token' }],
      [
        'r-several',
        'several',
        EXPIRED,
        [
          { name: 'TokenExpiredError', message: 'jwt expired' },
          { message: 'Missing password=[redacted]' },
        ],
      ],
      ['r-text', 'text', GOOD, 'Bearer realm="orders", error="invalid_token"'],
      ['r-silent', 'silent', GOOD, undefined],
      ['r-own', 'own', EXPIRED, expect.objectContaining({ message: 'its own cause' })],
      ['r-accepting', 'accepting', GOOD, undefined],
    ];
    const answers = await Promise.all(
      cases.map(([id, path, token]) =>
        send(`/${path}`, {
          headers: {
            'x-request-id': id,
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
        }).then((response) => response.status),
      ),
    );
    expect(answers).toEqual([401, 401, 401, 401, 401, 401, 401, 403, 403]);
    const lines = await sink.finishes(cases.length);
    const causes = cases.map(([id]) => {
      const line = lines.find(({ request_id: of }) => of === id) as
        { error?: { cause?: unknown } } | undefined;
      return [id, line?.error?.cause];
    });
    expect(causes).toEqual(cases.map(([id, , , cause]) => [id, cause]));
    expect(sink.raw.join('\n')).not.toMatch(/eyJ|hunter2|"ann"/);
  });

  it('says nothing of a request that was let in', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [Orders], providers })
      .start();
    const headers = { 'x-request-id': 'r-good', authorization: `Bearer ${GOOD}` };
    await send('/jwt', { headers });
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ request_id: 'r-good', status_code: 200 });
    expect(line).not.toHaveProperty('error');
  });
});
