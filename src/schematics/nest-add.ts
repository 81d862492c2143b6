import { addDependencies } from './add-dependencies.js';
import { editEntry, factoryCalls, type ManualSteps } from './edit-entry.js';
import { editModule } from './edit-module.js';
import { EditedFile } from './edited-file.js';
import { entryFile, type NestAddOptions } from './entry-file.js';
import { findModule } from './find-module.js';
import type { ProjectTree } from './project-tree.js';
import { typescriptCompiler, type TypeScript } from './typescript-compiler.js';

/** What the Nest CLI gives a schematic beside the files. */
export interface SchematicContext {
  readonly logger: { info(message: string): void; warn(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

/** The files by which a package manager is known. */
const LOCK_FILES = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
};

const BY_HAND = `Add it by hand:
  1. In the root module: imports: [TracingModule.forRoot()]
  2. In the file that starts the application:
       const app = await NestFactory.create(AppModule, { bufferLogs: true });
       app.useLogger(app.get(TracingLogger));
  The package exports both names.`;

/** `nest add nestjs-tracing`: writes what the getting started guide asks for into the application's files. */
export function nestAdd(
  options: NestAddOptions,
): (tree: ProjectTree, context: SchematicContext) => void {
  return (tree, context) => {
    const { logger } = context;
    const path = entryFile(tree, options);
    const { added, tooOld } = addDependencies(tree, process.versions.node);
    if (added.length > 0) logger.info(`Added ${added.join(' and ')}.`);
    if (tooOld.length > 0) logger.warn(`Update what is too old: ${tooOld.join(', ')}.`);
    if (added.length > 0 && options.skipInstall !== true) context.addTask(installation(tree));

    const compiler = typescriptCompiler(process.cwd());
    const problem =
      compiler === undefined
        ? 'TypeScript is not installed, which is needed to change source files.'
        : !tree.exists(path)
          ? `There is no ${path}, which should start the application.`
          : undefined;
    if (problem !== undefined || compiler === undefined) {
      return logger.warn(`${problem} ${BY_HAND}`);
    }
    const manual = editSources(tree, compiler, path);
    if (manual === undefined) return logger.warn(`${path} does not call NestFactory. ${BY_HAND}`);
    for (const step of manual) logger.warn(`To do by hand in ${step}`);
  };
}

/** `undefined` where the file creates no application. */
function editSources(
  tree: ProjectTree,
  compiler: TypeScript,
  path: string,
): ManualSteps | undefined {
  const entry = new EditedFile(compiler, tree, path);
  const calls = factoryCalls(entry);
  if (calls.length === 0) return undefined;
  const manual = editEntry(entry, calls);
  entry.write();
  return [...manual, ...editRootModules(tree, compiler, path)];
}

function editRootModules(tree: ProjectTree, compiler: TypeScript, path: string): ManualSteps {
  const manual: ManualSteps = [];
  const names = factoryCalls(new EditedFile(compiler, tree, path)).map(({ arguments: [module] }) =>
    module?.getText(),
  );
  for (const name of new Set(names)) {
    // The file has changed with each module that it declares itself.
    const entry = new EditedFile(compiler, tree, path);
    const call = factoryCalls(entry).find(({ arguments: [module] }) => module?.getText() === name);
    const module = call?.arguments[0];
    const found = module && findModule(tree, entry, module);
    if (found === undefined) {
      manual.push(
        `${path}: the root module of \`${call?.getText() ?? 'NestFactory.create'}\` was not found. ` +
          'Add `TracingModule.forRoot()` to its `imports`.',
      );
      continue;
    }
    manual.push(...editModule(found.file, found.declaration));
    found.file.write();
  }
  return manual;
}

/** The task of the Nest CLI that installs packages, with the package manager that the project uses. */
function installation(tree: ProjectTree): { toConfiguration(): { name: string; options: object } } {
  const packageManager =
    Object.entries(LOCK_FILES).find(([file]) => tree.exists(file))?.[1] ?? 'npm';
  return {
    toConfiguration: () => ({
      name: 'node-package',
      options: { command: 'install', quiet: true, hideOutput: false, packageManager },
    }),
  };
}
