import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { minify } from 'rolldown/utils';
import { fileText, MINIFIED } from './minified.js';

// Makes `dist/cjs` of `dist/esm`, file by file, without the command line.

const SOURCE = 'dist/esm';
const TARGET = 'dist/cjs';
const COMMAND_LINE = join('cli', '/');

interface OwnImports {
  /** The module with its own imports as calls of `require`, and without its exports. */
  readonly code: string;
  /** The statements that export. */
  readonly exports: string;
  /** The files that it imports. */
  readonly files: readonly string[];
}

const importsOf = new Map<string, readonly string[]>();

rmSync(TARGET, { recursive: true, force: true });
for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
  const target = join(TARGET, file);
  if (file.endsWith('.cjs')) cpSync(join(SOURCE, file), target);
  if (!file.endsWith('.js') || file.startsWith(COMMAND_LINE)) continue;
  const own = withoutOwnImports(file, readFileSync(join(SOURCE, file), 'utf8'));
  importsOf.set(file, own.files);
  const { outputText } = ts.transpileModule(own.code, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      moduleDetection: ts.ModuleDetectionKind.Force,
      target: ts.ScriptTarget.ES2023,
      esModuleInterop: true,
    },
  });
  const { code, errors } = await minify(file, outputText + own.exports, {
    module: false,
    ...MINIFIED,
  });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, fileText(code));
}
writeFileSync(join(TARGET, 'package.json'), '{ "type": "commonjs" }\n');
for (const file of [...importsOf.keys()]) refuseCycle(file);

/**
 * Replaces what a module imports from this package by constants, and exports at its end. It is then
 * nearly the text of the ES module, and is found in the tarball beside that; and a call needs no look
 * into the other module. What it takes is there by then, as no two files import each other.
 */
function withoutOwnImports(file: string, code: string): OwnImports {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2023);
  const files: string[] = [];
  let kept = '';
  let exported = '';
  for (const statement of source.statements) {
    const isExport = ts.isExportDeclaration(statement);
    const path = isExport || ts.isImportDeclaration(statement) ? pathOf(statement) : undefined;
    if (isExport) exported += exportsOf(file, statement);
    if (path?.startsWith('.') === true) {
      files.push(normalize(join(dirname(file), path)));
      kept += `${requireOf(file, statement as ImportOrExport, path)}\n`;
    } else if (!isExport) {
      kept += `${statement.getText(source)}\n`;
    }
  }
  // Still a module where all its imports are own ones.
  return { code: `${kept}export {};\n`, exports: exported, files };
}

type ImportOrExport = ts.ImportDeclaration | ts.ExportDeclaration;

function pathOf({ moduleSpecifier: path }: ImportOrExport): string | undefined {
  return path !== undefined && ts.isStringLiteral(path) ? path.text : undefined;
}

function requireOf(file: string, statement: ImportOrExport, path: string): string {
  const call = `require(${JSON.stringify(path)});`;
  if (ts.isExportDeclaration(statement)) {
    return `const{${namedExports(file, statement).map(ownName).join()}}=${call}`;
  }
  const { importClause } = statement;
  if (importClause === undefined) return call;
  const { namedBindings, name } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) {
    throw new Error(`${file} does not import names from ${path}`);
  }
  const names = namedBindings.elements.map((one) =>
    one.propertyName === undefined ? one.name.text : `${one.propertyName.text}:${one.name.text}`,
  );
  return `const{${names.join()}}=${call}`;
}

function exportsOf(file: string, statement: ts.ExportDeclaration): string {
  return namedExports(file, statement)
    .map((one) => `exports.${one.name.text}=${ownName(one)};`)
    .join('');
}

function namedExports(
  file: string,
  { exportClause }: ts.ExportDeclaration,
): readonly ts.ExportSpecifier[] {
  if (exportClause !== undefined && ts.isNamedExports(exportClause)) return exportClause.elements;
  throw new Error(`${file} exports what it does not name`);
}

/** What is exported, under its own name. */
function ownName({ name, propertyName }: ts.ExportSpecifier): string {
  return (propertyName ?? name).text;
}

/** A file that is imported before it has run has no exports yet. */
function refuseCycle(file: string, path: readonly string[] = []): void {
  if (path.includes(file)) throw new Error(`a cycle of imports: ${[...path, file].join(' -> ')}`);
  for (const imported of importsOf.get(file) ?? []) refuseCycle(imported, [...path, file]);
  // Has been followed to all its ends.
  importsOf.delete(file);
}
