import { join } from 'node:path';
import ts from 'typescript';
import { blockModule, moduleText, type BlockModule } from './block-module.js';
import { KnownModules, knownModulesText } from './known-modules.js';
import type { Finding, Page } from './markdown.js';

/** The codes of `Cannot find name`, with its suggestions. */
const UNKNOWN_NAME = new Set([
  2304, 2503, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 18004,
]);

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node', 'jest'],
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: true,
  noEmit: true,
};

interface PlacedModule extends BlockModule {
  readonly file: string;
  /** The modules before it on its page. */
  readonly earlier: readonly PlacedModule[];
  imports: readonly string[];
}

/**
 * Type-checks the blocks of TypeScript as an application would that is in the folder.
 *
 * @param entries what the package exports, such as `nestjs-tracing/otlp`
 * @param folder an absolute path, from which packages are resolved; nothing is written there
 */
export function checkTypes(
  pages: readonly Page[],
  folder: string,
  entries: readonly string[],
): Finding[] {
  const modules = pages.flatMap((page) => placeModules(page, folder));
  if (modules.length === 0) return [];
  const known = join(folder, 'known-modules.ts');
  const texts = new Map([[known, knownModulesText(entries)]]);
  writeTexts(modules, texts);
  const program = createProgram(texts);
  const exports = new KnownModules(program, known);
  for (const module of modules) {
    module.imports = [...missingNames(module, program, exports)]
      .map((name) => importFor(name, module, exports))
      .filter((line) => line !== undefined);
  }
  writeTexts(modules, texts);
  const whole = createProgram(texts);
  return modules.flatMap((module) => findingsOf(module, whole));
}

function placeModules(page: Page, folder: string): PlacedModule[] {
  const placed: PlacedModule[] = [];
  for (const block of page.blocks) {
    if (block.language !== 'ts' || block.check?.startsWith('skip')) continue;
    const file = join(folder, `${page.path.replaceAll('/', '-')}.${block.line}.ts`);
    placed.push({ ...blockModule(block), file, earlier: [...placed], imports: [] });
  }
  return placed;
}

function writeTexts(modules: readonly PlacedModule[], texts: Map<string, string>): void {
  for (const module of modules) texts.set(module.file, moduleText(module, module.imports).text);
}

/** Files of packages, which take most of the time. */
const libraries = new Map<string, ts.SourceFile | undefined>();

function createProgram(texts: ReadonlyMap<string, string>): ts.Program {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = texts.get(file);
    if (text !== undefined) return ts.createSourceFile(file, text, target, true);
    if (!libraries.has(file)) libraries.set(file, getSourceFile(file, target, ...rest));
    return libraries.get(file);
  };
  return ts.createProgram([...texts.keys()], OPTIONS, host);
}

function missingNames(
  module: PlacedModule,
  program: ts.Program,
  exports: KnownModules,
): Set<string> {
  const source = program.getSourceFile(module.file)!;
  const names = program
    .getSemanticDiagnostics(source)
    .filter(({ code, start }) => UNKNOWN_NAME.has(code) && start !== undefined)
    .map(({ start, length }) => source.text.slice(start, start! + length!));
  const decorators = [...module.decorators].filter(
    (name) => !module.declared.has(name) && exports.has(name, '@nestjs/common'),
  );
  return new Set([...names, ...decorators]);
}

/** From the block before that declares it, else from a module that every reader knows. */
function importFor(name: string, module: PlacedModule, exports: KnownModules): string | undefined {
  const earlier = module.earlier.findLast(({ declared }) => declared.has(name));
  if (earlier === undefined) return exports.importOf(name);
  return `import { ${name} } from '${earlier.file.replace(/\.ts$/, '.js')}';`;
}

function findingsOf(module: PlacedModule, program: ts.Program): Finding[] {
  const source = program.getSourceFile(module.file)!;
  const { linesBefore } = moduleText(module, module.imports);
  return [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ].map(({ start = 0, code, messageText }) => {
    const { line } = source.getLineAndCharacterOfPosition(start);
    const message = `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n  ')}`;
    const { page, line: first, code: text } = module.block;
    if (line < linesBefore) return { page, line: first - 1, message: `check comment: ${message}` };
    const last = first + text.split('\n').length - 1;
    return { page, line: Math.min(first + line - linesBefore, last), message };
  });
}
