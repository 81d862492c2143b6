import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { minify } from 'rolldown/utils';
import { MINIFIED, withoutIndentation } from './minified.js';

// Makes `dist/cjs` of `dist/esm`, file by file.

const SOURCE = 'dist/esm';
const TARGET = 'dist/cjs';

rmSync(TARGET, { recursive: true, force: true });
for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
  const target = join(TARGET, file);
  if (file.endsWith('.cjs')) cpSync(join(SOURCE, file), target);
  if (!file.endsWith('.js')) continue;
  const { outputText } = ts.transpileModule(readFileSync(join(SOURCE, file), 'utf8'), {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2023,
      esModuleInterop: true,
    },
  });
  const { code, errors } = await minify(file, outputText, { module: false, ...MINIFIED });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, withoutIndentation(code));
}
writeFileSync(join(TARGET, 'package.json'), '{ "type": "commonjs" }\n');
