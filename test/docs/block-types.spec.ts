import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkTypes } from './block-types.js';
import { Declarations } from './declarations.js';
import { declaredOptions } from './declared-options.js';
import { undocumentedNames, unmentionedNames } from './exported-names.js';
import { parsePage, type Page } from './markdown.js';

// The types of NestJS and others are read whole.
jest.setTimeout(120_000);

/** A package that is small enough to see what is checked. */
const TYPES = `
/** What \`TracingModule.forRoot\` takes. */
export interface TracingModuleOptions { accessLog?: false | AccessLogOptions; level?: string }
export interface AccessLogOptions { slowerThan?: number; exclude?: readonly string[] }
/** Options that nothing takes. */
export interface ForgottenOptions { a?: number }
/** Traces an application. */
export declare class TracingModule { static forRoot(options?: TracingModuleOptions): { module: typeof TracingModule } }
/**
 * The trace.
 * @example
 * trace.headers();
 */
export declare class TraceContext { headers(): Record<string, string> }
`;
const folder = resolve('build/docs-check/fixture');
const packageFolder = join(folder, 'node_modules/nestjs-tracing');

beforeAll(() => {
  const dist = join(packageFolder, 'dist/esm');
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const manifest = {
    name: 'nestjs-tracing',
    exports: { '.': { import: { types: './dist/esm/index.d.ts' } } },
  };
  writeFileSync(join(packageFolder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(dist, 'index.d.ts'), TYPES);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A page with this code, and what a comment above it says. */
function pageOf(...blocks: readonly (readonly [code: string, check?: string])[]): Page {
  const text = blocks.map(([code, check]) => {
    const comment = check === undefined ? '' : `<!-- check: ${check} -->\n\n`;
    return `${comment}\`\`\`ts\n${code}\n\`\`\`\n`;
  });
  return parsePage('page.md', text.join('\n'));
}

function wrong(...blocks: readonly (readonly [code: string, check?: string])[]): string[] {
  const findings = checkTypes([pageOf(...blocks)], folder, ['nestjs-tracing']);
  return findings.map(({ line, message }) => `${line} ${message.replace(/\.? Did you.*/, '')}`);
}

describe('blocks of TypeScript', () => {
  it('compile as statements, expressions and members of a class', () => {
    const found = wrong(
      ['TracingModule.forRoot({ accessLog: { slowerThan: 500 } })'],
      ["import { Get } from '@nestjs/common';\n\nconstructor(private trace: TraceContext) {}"],
      ['@Get()\npay(@Headers() headers: object): object {\n  return headers;\n}'],
      ['@Module({ imports: [TracingModule.forRoot()] })\nexport class AppModule {}'],
      ['await NestFactory.create(AppModule);'],
      ["describe('x', () => it('y', () => expect(1).toBe(1)));"],
      ['os.cpus();\ncreateLogger({ format: format.json() });\nof(1).pipe(map(String));'],
    );
    expect(found).toEqual([]);
  });

  it('use what a comment declares, and what is in a method', () => {
    const found = wrong(
      ['await orders.find(1);', 'declare const orders: { find(id: number): Promise<void> }'],
      ['orders.find(2);'],
      [
        'await orders.send(this.trace.headers());',
        'this: { trace: TraceContext }\ndeclare const orders: { send(headers: object): void }',
      ],
    );
    expect(found).toEqual([]);
  });

  it('fail at their lines', () => {
    const found = wrong(
      ["import { Get } from '@nestjs/common';\n\nTracingModule.forRoot({\n  levl: 'info',\n});"],
      ['@Get()\npay() {\n  this.trace.nothing();\n}'],
      ['unknown1();', 'declare const known: Unknown2'],
    );
    expect(found).toEqual([
      "5 TS2561: Object literal may only specify known properties, but 'levl' does not exist in type 'TracingModuleOptions'",
      "12 TS2339: Property 'trace' does not exist on type 'Example'.",
      "18 check comment: TS2304: Cannot find name 'Unknown2'.",
      "19 TS2304: Cannot find name 'unknown1'.",
    ]);
  });

  it('do not compile where characters are left out', () => {
    expect(wrong(['TracingModule.forRoot({ … });'])[0]).toMatch(/^2 TS1127/);
  });
});

describe('the types of the package', () => {
  it('have options, nested ones too', () => {
    const declarations = new Declarations(packageFolder, ['nestjs-tracing']);
    const takers = [{ name: 'TracingModule.forRoot', type: 'TracingModuleOptions' }];
    const { options, unreached } = declaredOptions(declarations, takers);
    expect(options.map(({ path }) => path)).toEqual([
      'accessLog',
      'accessLog.slowerThan',
      'accessLog.exclude',
      'level',
    ]);
    expect(unreached).toEqual(['ForgottenOptions']);
  });

  it('have comments', () => {
    const declarations = new Declarations(packageFolder, ['nestjs-tracing']);
    expect(undocumentedNames(declarations)).toEqual([
      'nestjs-tracing: AccessLogOptions has no sentence of TSDoc',
      'nestjs-tracing: TracingModule has no @example',
    ]);
    expect(unmentionedNames(declarations, [pageOf(['TracingModule.forRoot()'])])).toEqual([
      'nestjs-tracing: TraceContext',
    ]);
  });
});
