import ts from 'typescript';

/**
 * The modules whose exports a block may use without an import, the first that has a name wins.
 * Entries of the package are in front of them.
 */
const MODULES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/testing',
  'winston',
  'rxjs',
  'node:http',
  'node:events',
  'node:fs',
  'node:path',
  'node:os',
  'node:crypto',
  'node:util',
  'node:async_hooks',
  'node:worker_threads',
  'node:child_process',
  'node:stream',
];
/** winston exports the methods of its default logger too, such as `child` and `log`. */
const OF_WINSTON = new Set(['addColors', 'createLogger', 'format', 'transports']);
/** What is imported whole. */
const DEFAULTS: Readonly<Record<string, string>> = {
  winston: 'winston',
  cluster: 'node:cluster',
  fs: 'node:fs',
  http: 'node:http',
  https: 'node:https',
  os: 'node:os',
  path: 'node:path',
  process: 'node:process',
  util: 'node:util',
};

/** A module that imports all of them, so that a program knows what they export. */
export function knownModulesText(entries: readonly string[]): string {
  return [...entries, ...MODULES]
    .map((specifier, index) => `import * as m${index} from '${specifier}'; void m${index};`)
    .join('\n');
}

/** Where a name comes from that a block does not import itself. */
export class KnownModules {
  private readonly specifiers = new Map<string, string>();

  constructor(program: ts.Program, file: string) {
    const checker = program.getTypeChecker();
    for (const statement of program.getSourceFile(file)!.statements) {
      if (!ts.isImportDeclaration(statement)) continue;
      const symbol = checker.getSymbolAtLocation(statement.moduleSpecifier);
      const specifier = (statement.moduleSpecifier as ts.StringLiteral).text;
      if (symbol === undefined) throw new Error(`the types of ${specifier} are not found`);
      for (const { name } of checker.getExportsOfModule(symbol)) {
        const isMethod = specifier === 'winston' && /^[a-z]/.test(name) && !OF_WINSTON.has(name);
        if (!isMethod && !this.specifiers.has(name)) this.specifiers.set(name, specifier);
      }
    }
  }

  /** `import { Get } from '@nestjs/common';` */
  importOf(name: string): string | undefined {
    const whole = DEFAULTS[name];
    if (whole !== undefined) return `import ${name} from '${whole}';`;
    const specifier = name === 'default' ? undefined : this.specifiers.get(name);
    return specifier === undefined ? undefined : `import { ${name} } from '${specifier}';`;
  }

  has(name: string, specifier: string): boolean {
    return this.specifiers.get(name) === specifier;
  }
}
