import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../test/support/typescript-compiler.mjs';
import type { Consumer } from './consumers.js';
import type { Node } from './node.js';

const SMOKES = 'scripts/test-newest/smokes';
/** Compiled there, by the newest compiler, as both kinds of modules. */
const TYPES = 'types-consumer.ts';
const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
const NESTJS = ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}`);

/** The folder of an application that a smoke test runs in. */
export class ConsumerFolder {
  constructor(
    readonly cwd: string,
    private readonly consumer: Consumer,
  ) {}

  /** Installs all that it needs. Returns why npm refuses, if it does. */
  async install(node: Node, tarball: string): Promise<string | undefined> {
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
    try {
      await node.npm(this.cwd, ...INSTALL, tarball, ...new Set(names.map(newest)));
    } catch (error) {
      const { stderr = '' } = error as { stderr?: string };
      const said = stderr.split('\n').filter((line) => /npm error|npm warn ERESOLVE/.test(line));
      return `npm does not install it: ${said.join(' ').replaceAll('npm error', '') || String(error)}`;
    }
    for (const file of readdirSync(SMOKES)) {
      const source = readFileSync(join(SMOKES, file), 'utf8');
      if (file !== TYPES)
        this.write(file.replace(/ts$/, 'js'), compile(join(SMOKES, file), source));
      else for (const type of ['mts', 'cts']) this.write(file.replace(/ts$/, type), source);
    }
    return undefined;
  }

  /** The version that is installed of a package. */
  versionOf(name: string): string | undefined {
    const file = join(this.cwd, 'node_modules', name, 'package.json');
    if (!existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
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
