import { posix } from 'node:path';
import type ts from 'typescript';
import { EditedFile, textOfLiteral } from './edited-file.js';
import { pathOf } from './entry-file.js';
import { objectIn, textOf, type ProjectTree } from './project-tree.js';

/** A class, with the file that declares it. */
export interface FoundClass {
  readonly file: EditedFile;
  readonly declaration: ts.ClassDeclaration;
}

/**
 * The class that an expression names, as the first argument of `NestFactory.create` does: `AppModule`,
 * or what `AppModule.forRoot()` is a part of. It is followed through imports and files that export it again.
 */
export function findModule(
  tree: ProjectTree,
  file: EditedFile,
  expression: ts.Expression,
): FoundClass | undefined {
  const { isCallExpression, isPropertyAccessExpression, isIdentifier } = file.compiler;
  let named = expression;
  while (isCallExpression(named) || isPropertyAccessExpression(named)) named = named.expression;
  if (!isIdentifier(named)) return undefined;
  return classNamed(file, named.text) ?? importedClass(tree, file, named.text);
}

function importedClass(tree: ProjectTree, file: EditedFile, name: string): FoundClass | undefined {
  for (const { importClause, moduleSpecifier } of file.imports()) {
    const specifier = textOfLiteral(moduleSpecifier);
    const bindings = importClause?.namedBindings;
    const exported =
      importClause?.name?.text === name
        ? 'default'
        : bindings !== undefined && file.compiler.isNamedImports(bindings)
          ? originalName(bindings.elements, name)
          : undefined;
    if (exported === undefined || specifier === undefined) continue;
    return exportedClass(tree, file, specifier, exported, new Set());
  }
  return undefined;
}

function exportedClass(
  tree: ProjectTree,
  from: EditedFile,
  specifier: string,
  name: string,
  visited: Set<string>,
): FoundClass | undefined {
  const path = resolved(tree, from, specifier);
  if (path === undefined || visited.has(path)) return undefined;
  visited.add(path);
  const file = new EditedFile(from.compiler, tree, path);
  const found = name === 'default' ? defaultClass(file) : classNamed(file, name);
  if (found !== undefined) return found;
  for (const statement of file.source.statements) {
    if (!file.compiler.isExportDeclaration(statement)) continue;
    const { exportClause, moduleSpecifier } = statement;
    const next = moduleSpecifier === undefined ? undefined : textOfLiteral(moduleSpecifier);
    const original =
      exportClause === undefined
        ? name
        : file.compiler.isNamedExports(exportClause)
          ? originalName(exportClause.elements, name)
          : undefined;
    if (next === undefined || original === undefined) continue;
    const reexported = exportedClass(tree, file, next, original, visited);
    if (reexported !== undefined) return reexported;
  }
  return undefined;
}

function originalName(
  elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[],
  name: string,
): string | undefined {
  const found = elements.find((one) => one.name.text === name);
  return (found?.propertyName ?? found?.name)?.text;
}

function classNamed(file: EditedFile, name: string): FoundClass | undefined {
  return classWhere(file, (declaration) => declaration.name?.text === name);
}

function defaultClass(file: EditedFile): FoundClass | undefined {
  const { isExportAssignment, isIdentifier, SyntaxKind } = file.compiler;
  const assignment = file.source.statements.find(isExportAssignment)?.expression;
  if (assignment !== undefined && isIdentifier(assignment)) {
    return classNamed(file, assignment.text);
  }
  return classWhere(
    file,
    ({ modifiers }) => modifiers?.some(({ kind }) => kind === SyntaxKind.DefaultKeyword) ?? false,
  );
}

function classWhere(
  file: EditedFile,
  matches: (declaration: ts.ClassDeclaration) => boolean,
): FoundClass | undefined {
  const declaration = file.source.statements.filter(file.compiler.isClassDeclaration).find(matches);
  return declaration && { file, declaration };
}

/** The file that an import names: a relative one, one of the project's root, or one of `paths`. */
function resolved(tree: ProjectTree, from: EditedFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    return pathOf(tree, posix.join(posix.dirname(from.path), specifier));
  }
  const { config } = from.compiler.parseConfigFileTextToJson(
    'tsconfig.json',
    textOf(tree, 'tsconfig.json') ?? '{}',
  ) as { config?: Record<string, unknown> };
  const options = objectIn(config ?? {}, 'compilerOptions');
  const root = typeof options['baseUrl'] === 'string' ? options['baseUrl'] : '.';
  for (const [pattern, targets] of Object.entries(objectIn(options, 'paths'))) {
    const [start = '', end] = pattern.split('*');
    const isMatch =
      end === undefined
        ? specifier === pattern
        : specifier.startsWith(start) && specifier.endsWith(end);
    if (!isMatch || !Array.isArray(targets)) continue;
    const part = specifier.slice(start.length, specifier.length - (end?.length ?? 0));
    for (const target of targets) {
      const path = pathOf(tree, posix.join(root, String(target).replace('*', part)));
      if (path !== undefined) return path;
    }
  }
  return pathOf(tree, posix.join(root, specifier));
}
