import { createRequire } from 'node:module';
import type ts from 'typescript';

/** The API of the TypeScript compiler. */
export type TypeScript = typeof ts;

/**
 * The TypeScript compiler of the project, or else the one that the Nest CLI of the project, or the
 * running program, uses. `undefined` where none has the API that is used here.
 */
export function typescriptCompiler(folder: string): TypeScript | undefined {
  const ofProject = createRequire(`${folder}/package.json`);
  const sources = [
    () => ofProject,
    () => createRequire(ofProject.resolve('@nestjs/cli/package.json')),
    () => createRequire(process.argv[1] ?? folder),
  ];
  for (const source of sources) {
    try {
      const compiler: unknown = source()('typescript');
      if (hasApi(compiler)) return compiler;
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/** Whether it is a TypeScript of version 4.8 or later that is written in JavaScript. */
function hasApi(compiler: unknown): compiler is TypeScript {
  return (
    typeof compiler === 'object' &&
    compiler !== null &&
    'createSourceFile' in compiler &&
    'getDecorators' in compiler
  );
}
