import { Logger, UnauthorizedException } from '@nestjs/common';
import { request } from 'node:http';
import type { TraceContext } from '../../src/index.js';
import { head } from './raw-request.js';

/** Where a secret is, as an application that is attacked sees it. */
interface Scene {
  readonly logger: Logger;
  readonly trace: TraceContext;
  /** The address of a server that answers everything. */
  readonly upstream: { readonly port: number };
}

/** A place that can hold a secret, and how the secret gets there. One of the three is given. */
export interface SecretPlace {
  readonly name: string;
  /** The bytes of a request with it. */
  readonly sends?: (secret: string) => string;
  /** What a handler does with it. */
  readonly does?: (secret: string, scene: Scene) => unknown;
  /** An attribute of what another service sends over OTLP. */
  readonly attribute?: (secret: string) => readonly [string, unknown];
}

const header = (name: string, value: (secret: string) => string): SecretPlace => ({
  name: `the header ${name}`,
  sends: (secret) => head('GET', '/', `${name}: ${value(secret)}`, 'Connection: close'),
});
const query = (name: string): SecretPlace => ({
  name: `the query ${name}`,
  sends: (secret) => head('GET', `/fails?${name}=${secret}`, 'Connection: close'),
});
const body = (name: string, type: string, text: (secret: string) => string): SecretPlace => ({
  name: `a body: ${name}`,
  sends: (secret) => {
    const content = text(secret);
    const length = `Content-Length: ${content.length}`;
    return `${head('POST', '/', `Content-Type: ${type}`, length, 'Connection: close')}${content}`;
  },
});
const field = (name: string): SecretPlace => ({
  name: `a field named ${name}`,
  does: (secret, { logger }) => logger.log('saved', { [name]: secret }),
});
const logged = (name: string, value: (secret: string) => unknown): SecretPlace => ({
  name: `an entry: ${name}`,
  does: (secret, { logger }) => logger.log('saved', value(secret)),
});
const thrown = (name: string, fault: (secret: string) => object): SecretPlace => ({
  name: `an error that is logged: ${name}`,
  does: (secret, { logger }) => logger.error(errorOf(fault(secret))),
});
const failing = (name: string, fault: (secret: string) => object): SecretPlace => ({
  name: `an error that is thrown: ${name}`,
  does: async (secret, { trace }) => {
    await trace.span('charge', () => Promise.reject(errorOf(fault(secret))));
  },
});
const attribute = (
  name: string,
  value: (secret: string) => unknown = (secret) => secret,
): SecretPlace => ({
  name: `an attribute of another service: ${name}`,
  attribute: (secret) => [name, value(secret)],
});

/** An error with these fields; an error is left as it is. */
function errorOf(fields: object): Error {
  return fields instanceof Error ? fields : Object.assign(new Error('failed'), fields);
}

/** The shapes in which libraries put what was sent and received into their errors. */
const FOREIGN_ERRORS: Readonly<Record<string, (secret: string) => object>> = {
  'undici, a body': (body) => ({ code: 'UND_ERR_RESPONSE', statusCode: 401, body }),
  'undici, headers': (value) => ({ code: 'UND_ERR_RESPONSE', headers: { 'x-session': value } }),
  'axios, headers of its request': (secret) => ({ config: { headers: { 'X-Auth': secret } } }),
  'axios, the data of its request': (data) => ({ config: { data }, code: 'ERR_BAD_REQUEST' }),
  'axios, the data of the answer': (data) => ({ response: { status: 401, data: { hint: data } } }),
  'axios, basic authentication': (password) => ({ config: { auth: { username: 'u', password } } }),
  'got, options': (secret) => ({ options: { headers: { 'x-own': secret }, body: secret } }),
  'pg, detail': (secret) => ({ code: '23505', detail: `Key (email)=(${secret}) already exists.` }),
  'pg, where': (secret) => ({ code: '22P02', where: `unnamed parameter $1 = '${secret}'` }),
  'pg, parameters': (secret) => ({ parameters: [secret], query: `SELECT '${secret}'` }),
  'mysql, sql': (secret) => ({ errno: 1062, sql: `INSERT INTO users VALUES ('${secret}')` }),
  'mongodb, an operation': (secret) => ({
    code: 11000,
    keyValue: { email: secret },
    writeErrors: [{ op: { email: secret } }],
  }),
  'ioredis, a command': (secret) => ({ command: { name: 'set', args: ['k', secret] } }),
  'prisma, meta': (secret) => ({ code: 'P2002', meta: { driverAdapterError: { cause: secret } } }),
  'typeorm, parameters': (secret) => ({
    query: 'SELECT',
    parameters: [secret],
    driverError: { detail: secret },
  }),
  'zod, an input': (secret) => ({ issues: [{ input: secret, received: secret }] }),
  'AWS, a response': (secret) => ({
    $response: { body: secret },
    $metadata: { extendedRequestId: 'x' },
  }),
  'a cause that is no error': (secret) =>
    new Error('failed', { cause: { headers: { cookie: secret }, body: secret } }),
  'a cause that is a text of it': (password) => new Error('failed', { cause: { password } }),
  'a cause with fields': (secret) => new Error('failed', { cause: errorOf({ body: secret }) }),
  'errors with fields': (secret) =>
    new AggregateError([errorOf({ body: secret }), errorOf({ config: { data: secret } })]),
  'a class of its own': (secret) =>
    new (class PaymentError extends Error {
      card = { pan: secret };
      request = secret;
    })('failed'),
  'an HttpException': (token) => new UnauthorizedException({ message: 'no', token, body: token }),
};

const NAMES = [
  ...['password', 'Password', 'PASSWORD', 'passwd', 'pwd', 'user_password', 'newPassword'],
  ...['secret', 'clientSecret', 'client_secret', 'token', 'accessToken', 'access_token'],
  ...['refresh-token', 'id_token', 'authorization', 'Authorization', 'proxy-authorization'],
  ...['cookie', 'set-cookie', 'setCookie', 'apiKey', 'api_key', 'x-api-key', 'X-API-KEY', 'apikey'],
  ...['privateKey', 'private_key', 'sessionKey', 'session_key', 'credentials', 'db.password'],
];

const ATTRIBUTES = [
  ...['http.request.header.authorization', 'http.request.header.cookie', 'http.request.body'],
  ...['req.headers.authorization', 'request.headers.x-api-key', 'headers.set-cookie', 'req.body'],
  ...['request.body', 'response.body', 'body', 'graphql.variables.password', 'graphql.variables.x'],
  ...['db.operation.parameter.0', 'db.query.parameter.id', 'db.statement.parameters', 'password'],
  ...['user.password', 'process.command_args', 'process.command_line', 'process.environment.X'],
  ...['messaging.message.body', 'rpc.request.metadata.authorization', 'aws.secret_access_key'],
  ...['API-Key', 'accessToken', 'Set-Cookie', 'session_key'],
];

const URLS: Readonly<Record<string, (secret: string) => string>> = {
  'request.url': (secret) => `http://alice:${secret}@stock.internal/items`,
  'url.full': (secret) => `https://${secret}@stock.internal/items`,
  'db.connection_string': (secret) => `postgres://app:${secret}@db/shop`,
  note: (secret) => `tried https://bob:${secret}@a.example/, then gave up`,
};

export const SECRET_PLACES: readonly SecretPlace[] = [
  header('Authorization', (secret) => `Bearer ${secret}`),
  header('authorization', (secret) => `Basic ${secret}`),
  header('Proxy-Authorization', (secret) => `Basic ${secret}`),
  header('Cookie', (secret) => `sid=${secret}; theme=dark`),
  header('X-API-Key', (secret) => secret),
  header('X-Auth-Token', (secret) => secret),
  header('Mcp-Session-Id', (secret) => `${secret}!`),
  header('baggage', (secret) => `token=${secret}`),
  header('X-Own', (secret) => secret),
  ...['token', 'password', 'api_key'].map(query),
  {
    ...query('session_id of no valid form'),
    sends: (secret) => head('GET', `/?session_id=${secret}!`, 'Connection: close'),
  },
  body('JSON', 'application/json', (secret) => JSON.stringify({ password: secret, note: secret })),
  body('a form', 'application/x-www-form-urlencoded', (secret) => `password=${secret}`),
  body('malformed JSON', 'application/json', (secret) => `{"password":"${secret}"`),
  {
    name: 'a cookie that is set',
    sends: (secret) => head('GET', `/sets-cookie`, `X-Own: ${secret}`, 'Connection: close'),
  },
  {
    name: 'userinfo of a call',
    does: (secret, { upstream }) =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: upstream.port, auth: `alice:${secret}` };
        request(options, (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end();
      }),
  },
  {
    name: 'the query and the headers of a call',
    does: (secret, { upstream }) =>
      fetch(`http://127.0.0.1:${upstream.port}/items?token=${secret}`, {
        headers: { authorization: `Bearer ${secret}`, 'x-own': secret },
      }),
  },
  ...NAMES.map(field),
  logged('in a record', (secret) => ({ user: { name: 'Alice', password: secret } })),
  logged('in a list', (secret) => ({ users: [{ password: secret }, [{ token: secret }]] })),
  logged('in a Map', (secret) => ({ map: new Map([['password', secret]]) })),
  logged('in a Headers', (secret) => ({ headers: new Headers({ authorization: secret }) })),
  logged('in toJSON', (secret) => ({ user: { toJSON: () => ({ password: secret }) } })),
  logged('as a record', (secret) => ({ authorization: { scheme: 'x', value: secret } })),
  logged('as a list', (secret) => ({ cookies: [secret], 'set-cookie': [secret] })),
  logged('deep down', (secret) => ({ a: { b: { c: { d: { e: { password: secret } } } } } })),
  logged('in the headers of a request', (secret) => ({
    req: { headers: { cookie: secret, authorization: secret } },
  })),
  {
    name: 'a field for later lines',
    does: (secret, { trace, logger }) => {
      trace.set('user', { name: 'Alice', password: secret });
      trace.set('token', secret);
      logger.log('saved');
    },
  },
  {
    name: 'an attribute of a span of its own',
    does: (secret, { trace }) =>
      trace.span('charge', () => 'ok', { password: secret, 'req.headers.cookie': secret }),
  },
  ...Object.entries(FOREIGN_ERRORS).flatMap(([name, fault]) => [
    thrown(name, fault),
    failing(name, fault),
  ]),
  {
    name: 'an error in a field',
    does: (secret, { logger }) =>
      logger.warn('failed', { err: errorOf({ config: { data: secret } }) }),
  },
  ...ATTRIBUTES.map((name) => attribute(name)),
  ...Object.entries(URLS).map(([name, url]) => attribute(name, url)),
  attribute('in a list', (secret) => [{ password: secret }, `http://a:${secret}@b.example/`]),
  attribute('in a record', (secret) => ({ headers: { authorization: secret } })),
];

/** Of the process, not of a request: they are there before the application starts. */
export const PROCESS_PLACES = ['the command line', 'the environment'] as const;
