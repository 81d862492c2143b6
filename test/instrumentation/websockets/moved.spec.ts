import { describe, expect, it } from '@jest/globals';
import { startMoved, type MovedInternal } from '../../support/moved-internal.js';

const APPLICATION = 'test/instrumentation/websockets/moved-app.ts';

interface Case {
  readonly what: string;
  readonly moved?: MovedInternal;
  readonly env?: Readonly<Record<string, string>>;
  /** What the warning names: package, version and what is missing. */
  readonly warning: RegExp;
  /** The handler and the outcome of each message. */
  readonly messages: readonly (readonly [string | undefined, string])[];
}

const CASES: readonly Case[] = [
  {
    what: 'the controller that binds messages',
    moved: { unresolvable: '^@nestjs/websockets/web-sockets-controller' },
    warning: /@nestjs\/websockets \d+\.\d+\.\d+ .*guards refuse do not name their handlers/,
    messages: [
      ['EchoGateway.echo', 'completed'],
      [undefined, 'errored'],
    ],
  },
  {
    what: 'the proxy around handlers',
    moved: { unresolvable: '^@nestjs/websockets/context/ws-proxy' },
    warning: /@nestjs\/websockets \d+\.\d+\.\d+ .*that fail are logged as completed/,
    messages: [
      ['EchoGateway.echo', 'completed'],
      ['EchoGateway.refused', 'completed'],
    ],
  },
  {
    what: 'the configuration of the application',
    env: { MOVED_CONFIG: 'true' },
    warning: /@nestjs\/core \d+\.\d+\.\d+ .*connections and messages are not traced/,
    messages: [],
  },
];

describe('a version of NestJS that has moved', () => {
  it.each(CASES)(
    '$what costs one warning, and the rest is traced',
    async ({ moved = {}, env = {}, warning, messages }) => {
      Object.assign(process.env, env);
      const outcome = await startMoved(APPLICATION, moved);
      for (const name of Object.keys(env)) delete process.env[name];

      expect(outcome.warnings).toEqual([expect.stringMatching(warning)]);
      expect(outcome.otherWarnings).toEqual([]);
      expect(outcome.status).toBe(200);
      const requests = outcome.entries.filter(({ message }) => message === 'Request finished');
      expect(requests).toEqual([expect.objectContaining({ path: '/', status_code: 200 })]);
      const lines = outcome.entries.filter(({ message }) => message === 'Message finished');
      expect(lines.map(({ handler, outcome: end }) => [handler, end])).toEqual(messages);
    },
    60_000,
  );
});
