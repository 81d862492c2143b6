import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModulesContainer } from '@nestjs/core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkIntegrations } from '../../src/instrumentation/integration-versions.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
const [, main] = process.argv;
let folder: string;

/** An application that has these versions: packages are looked for from its main file. */
const VERSIONS = {
  '@nestjs/bull': '10.2.3',
  bull: '3.29.3',
  '@nestjs/bullmq': '10.2.3',
  bullmq: '4.18.3',
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-versions-'));
  for (const [name, version] of Object.entries(VERSIONS)) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    const manifest = JSON.stringify({ name, version });
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), manifest);
  }
  process.argv[1] = join(folder, 'main.js');
});

afterAll(() => {
  process.argv[1] = main!;
  rmSync(folder, { recursive: true });
});

function check(...metatypes: readonly unknown[]): void {
  const modules = metatypes.map((metatype, i) => [String(i), { metatype }] as const);
  checkIntegrations(new Map(modules) as unknown as ModulesContainer);
}

const warned = (): (string | undefined)[] =>
  warn.mock.calls.map(
    ([message]) => /^nestjs-tracing: (\S+ \S+) is not/.exec(String(message))?.[1],
  );

/** As the module of `@nestjs/bull`. */
const ofBull = () =>
  class BullModule {
    static registerQueue(): void {}
    static registerQueueAsync(): void {}
  };
/** As the module of `@nestjs/bullmq`. */
const ofBullmq = () =>
  class BullModule extends ofBull() {
    static registerFlowProducer(): void {}
  };

describe('versions of packages that an application uses', () => {
  it('are nothing to warn of where it does not use them, or only a module of the same name', () => {
    check(class BullModule {}, undefined);
    expect(warned()).toEqual([]);
  });

  it('of Bull are warned of, and not those of BullMQ, which is installed beside it', () => {
    check(ofBull(), ofBull());
    expect(warned()).toEqual(['@nestjs/bull 10.2.3', 'bull 3.29.3']);
  });

  it('of BullMQ are warned of, and not those of Bull', () => {
    check(ofBullmq());
    expect(warned()).toEqual(['@nestjs/bullmq 10.2.3', 'bullmq 4.18.3']);
  });
});
