import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../test/support/typescript-compiler.mjs';
import type { Consumer } from './consumers.js';
import type { Node } from './node.js';

const SMOKES = 'scripts/test-newest/smokes';
/** Compiled there, by the newest compiler, as both kinds of modules. */
const TYPES = 'types-consumer.ts';
// Without npm's `--prefer-offline`, which would take what was the newest some days ago.
const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
const NESTJS = ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}`);

/** What came of it. */
interface Installation {
  /** What npm says where the versions do not fit one another. */
  readonly refusal: string | undefined;
  readonly isInstalled: boolean;
}

/** The folder of an application that a smoke test runs in. */
export class ConsumerFolder {
  constructor(
    readonly cwd: string,
    private readonly consumer: Consumer,
  ) {}

  /** Installs all that it needs; by force where the packages do not allow each other's versions. */
  async install(node: Node, tarball: string): Promise<Installation> {
    const { packages, others = [], nest, prereleases = [] } = this.consumer;
    mkdirSync(this.cwd);
    const overrides: Record<string, string> = {};
    for (const name of prereleases) overrides[name] = await newestOfAll(node, name);
    this.write(
      'package.json',
      JSON.stringify({ name: 'app', private: true, type: 'module', overrides }),
    );
    // NestJS 11 has no file that version 7 imports as an ES module.
    const cls = nest === undefined ? 'nestjs-cls' : 'nestjs-cls@6';
    const names = [...NESTJS.map((name) => (nest === undefined ? name : `${name}@${nest}`)), cls];
    names.push('reflect-metadata', 'rxjs', 'winston', ...packages, ...others);
    for (const name of prereleases) names.push(`${name}@${overrides[name]}`);
    const args = [...INSTALL, tarball, ...new Set(names.map(newest))];
    const refusal = await this.tryNpm(node, args);
    if (refusal !== undefined) {
      const isForced = (await this.tryNpm(node, [...args, '--legacy-peer-deps'])) === undefined;
      if (!isForced) return { refusal, isInstalled: false };
    }
    for (const file of readdirSync(SMOKES)) {
      const source = readFileSync(join(SMOKES, file), 'utf8');
      if (file !== TYPES)
        this.write(file.replace(/ts$/, 'js'), compile(join(SMOKES, file), source));
      else for (const type of ['mts', 'cts']) this.write(file.replace(/ts$/, type), source);
    }
    return { refusal, isInstalled: true };
  }

  /** The version that is installed of a package. */
  versionOf(name: string): string | undefined {
    const file = join(this.cwd, 'node_modules', name, 'package.json');
    if (!existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }

  /** Returns why npm refuses, if it does. */
  private async tryNpm(node: Node, args: readonly string[]): Promise<string | undefined> {
    try {
      await node.npm(this.cwd, ...args);
      return undefined;
    } catch (error) {
      const { stderr = '' } = error as { stderr?: string };
      const conflict = /Could not resolve dependency:\nnpm error (.+)\n/.exec(stderr);
      return (conflict?.[1] ?? (stderr || String(error))).trim();
    }
  }

  private write(file: string, text: string): void {
    writeFileSync(join(this.cwd, file), text);
  }
}

/** Without a version, npm would take one that fits the others. */
function newest(name: string): string {
  return name.lastIndexOf('@') > 0 ? name : `${name}@latest`;
}

/** The newest version, prereleases among them: they have no tag of their own everywhere. */
async function newestOfAll(node: Node, name: string): Promise<string> {
  const versions = JSON.parse(await node.npm('.', 'view', name, 'versions', '--json')) as string[];
  return versions.at(-1)!;
}
