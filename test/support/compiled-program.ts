import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { importsOf } from './imports.mjs';
import { compile, COMPILER } from './typescript-compiler.mjs';

const ROOT = process.cwd();
/** Mirrors the repository. */
const COMPILED = join(ROOT, 'build/compiled');
/** What programs read beside their own files: the built page of the viewer, and messages of gRPC. */
const LINKED = ['dist', 'sample-app/proto'];

interface PackageManifest {
  readonly name: string;
  readonly version: string;
}

/** So that what is compiled finds the package by its name, and what it reads. */
function prepareFolder(): void {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as PackageManifest;
  const exports = {
    '.': './src/index.js',
    './package.json': './package.json',
    './*': './src/*/index.js',
  };
  const manifest = JSON.stringify({ name, version, type: 'module', exports });
  const path = join(COMPILED, 'package.json');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== manifest) writeWhole(path, manifest);
  for (const folder of LINKED) {
    mkdirSync(dirname(join(COMPILED, folder)), { recursive: true });
    try {
      symlinkSync(join(ROOT, folder), join(COMPILED, folder), 'junction');
    } catch (error) {
      // An earlier test has made it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/**
 * Compiles a TypeScript program with all that it imports of this repository, unless that is done
 * already. Node starts such a program in half the time that it takes with hooks, which on Node 20
 * run in a thread that is asked about each of the thousand modules of NestJS.
 *
 * @param file in this repository
 * @returns the JavaScript file
 *
 * @example
 * spawn(process.execPath, [compiledProgram('test/http-client/chain-service.ts')]);
 */
export function compiledProgram(file: string): string {
  prepareFolder();
  for (const source of importsOf(resolve(file), ROOT).keys()) bringUpToDate(source);
  return outputOf(resolve(file));
}

function outputOf(source: string): string {
  return join(COMPILED, relative(ROOT, source)).replace(/\.([cm]?)tsx?$/, '.$1js');
}

function bringUpToDate(source: string): void {
  const output = outputOf(source);
  const text = readFileSync(source, 'utf8');
  if (!/\.[cm]?tsx?$/.test(source)) return writeWhole(output, text);
  // At the end, where it moves no line.
  const hash = createHash('sha256').update(COMPILER).update(text).digest('hex');
  const mark = `\n// ${hash}\n`;
  if (existsSync(output) && readFileSync(output, 'utf8').endsWith(mark)) return undefined;
  return writeWhole(output, compile(source, text) + mark);
}

/** Another worker may be reading: it must not find half a file. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}
