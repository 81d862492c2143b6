import type { ProjectTree } from '../../src/schematics/project-tree.js';
import { nestAdd, type SchematicContext } from '../../src/schematics/nest-add.js';
import type { NestAddOptions } from '../../src/schematics/entry-file.js';

/** A project in memory, with the methods of the Nest CLI's tree that the schematic calls. */
export class MemoryTree implements ProjectTree {
  readonly files: Map<string, string>;

  constructor(files: Readonly<Record<string, string>>) {
    this.files = new Map(Object.entries(files));
  }

  exists(path: string): boolean {
    return this.files.has(path);
  }

  read(path: string): Uint8Array | null {
    const text = this.files.get(path);
    return text === undefined ? null : Buffer.from(text);
  }

  overwrite(path: string, content: string): void {
    if (!this.files.has(path)) throw new Error(`there is no ${path}`);
    this.files.set(path, content);
  }
}

/** What `nest add` did to a project. */
export interface Added {
  readonly files: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** The package managers that were to install packages. */
  readonly installedWith: readonly unknown[];
}

export const MANIFEST = JSON.stringify(
  { name: 'shop', dependencies: { '@nestjs/core': '^12.0.0', rxjs: '^7.8.1' } },
  undefined,
  2,
);
export const MAIN = `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(3000);
}
await bootstrap();
`;
export const MODULE = `import { Module } from '@nestjs/common';
import { AppService } from './app.service.js';

@Module({
  imports: [],
  providers: [AppService],
})
export class AppModule {}
`;

/** Runs the schematic on a project that has the files of a new one, except for those that are given. */
export function add(
  files: Readonly<Record<string, string | undefined>> = {},
  options: NestAddOptions = {},
): Added {
  const all = {
    'package.json': MANIFEST,
    'src/main.ts': MAIN,
    'src/app.module.ts': MODULE,
    ...files,
  };
  const present = Object.entries(all).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const tree = new MemoryTree(Object.fromEntries(present));
  const warnings: string[] = [];
  const infos: string[] = [];
  const installedWith: unknown[] = [];
  const context: SchematicContext = {
    logger: {
      info: (message) => infos.push(message),
      warn: (message) => warnings.push(message),
    },
    addTask(task) {
      const { name, options: given } = task.toConfiguration();
      if (name !== 'node-package') throw new Error(`the Nest CLI has no task ${name}`);
      installedWith.push('packageManager' in given ? given.packageManager : undefined);
    },
  };
  nestAdd(options)(tree, context);
  return { files: Object.fromEntries(tree.files), warnings, infos, installedWith };
}
