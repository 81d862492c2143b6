import { describe, expect, it } from '@jest/globals';
import { add, MAIN, MODULE } from './memory-tree.js';

/** What `@Module` is given afterwards. */
function metadata(before: string, declarations = ''): string {
  const { files, warnings } = add({
    'src/app.module.ts': `import { Module } from '@nestjs/common';\n${declarations}\n@Module(${before})\nexport class AppModule {}\n`,
  });
  expect(warnings).toEqual([]);
  const written = files['src/app.module.ts']!;
  expect(written).toContain("import { TracingModule } from 'nestjs-tracing';\n");
  return /@Module\(([^]*)\)\nexport class/.exec(written)![1]!;
}

describe('the root module', () => {
  it('imports TracingModule', () => {
    expect(add().files['src/app.module.ts']).toBe(
      MODULE.replace('[]', '[TracingModule.forRoot()]').replace(
        "common';\n",
        "common';\nimport { TracingModule } from 'nestjs-tracing';\n",
      ),
    );
  });

  it.each([
    ['no metadata', '{}', '{\n  imports: [TracingModule.forRoot()],\n}'],
    [
      'no imports, on one line',
      '{ providers: [A] }',
      '{ imports: [TracingModule.forRoot()], providers: [A] }',
    ],
    [
      'no imports, on lines of their own',
      '{\n    providers: [A],\n}',
      '{\n    imports: [TracingModule.forRoot()],\n    providers: [A],\n}',
    ],
    ['one import', '{ imports: [A] }', '{ imports: [TracingModule.forRoot(), A] }'],
    [
      'a space in the brackets',
      '{ imports: [ A, ] }',
      '{ imports: [ TracingModule.forRoot(), A, ] }',
    ],
    [
      'imports on lines of their own, with comments',
      '{\n\timports: [\n\t\t// The settings.\n\t\tConfig.forRoot({ a: [] }),\n\t\t...more,\n\t],\n}',
      '{\n\timports: [\n\t\tTracingModule.forRoot(),\n\t\t// The settings.\n\t\tConfig.forRoot({ a: [] }),\n\t\t...more,\n\t],\n}',
    ],
    [
      'a comment in an empty array',
      '{ imports: [\n  // None yet.\n] }',
      '{ imports: [TracingModule.forRoot()\n  // None yet.\n] }',
    ],
    ['a spread', '{ imports: [...shared] }', '{ imports: [TracingModule.forRoot(), ...shared] }'],
    [
      'a constant',
      '{ imports: modules, providers: [] }',
      '{ imports: [TracingModule.forRoot(), ...(modules)], providers: [] }',
    ],
    ['a shorthand', '{ imports }', '{ imports: [TracingModule.forRoot(), ...imports] }'],
    [
      'a call',
      '{ "imports": one.concat(other) }',
      '{ "imports": [TracingModule.forRoot(), ...(one.concat(other))] }',
    ],
  ])('with %s', (_, before, after) => {
    expect(metadata(before)).toBe(after);
  });

  it('is changed where its metadata are, in a constant', () => {
    const declarations = 'const metadata = { imports: [A] } as const;\n';
    const module = `import { Module } from '@nestjs/common';\n${declarations}@Module(metadata)\nexport class AppModule {}\n`;
    expect(add({ 'src/app.module.ts': module }).files['src/app.module.ts']).toContain(
      'const metadata = { imports: [TracingModule.forRoot(), A] } as const;',
    );
  });

  it.each([
    ['behind a barrel', './modules', { 'src/modules/index.ts': "export * from './shop.js';\n" }],
    [
      'under another name',
      './modules/index.js',
      { 'src/modules/index.ts': "export { Shop as AppModule } from './shop.js';\n" },
      'Shop',
    ],
    ['from the root of the project', 'src/modules/shop', {}],
    [
      'through an alias',
      '@shop/shop',
      {
        'tsconfig.json': `{ // Of the shop.\n "compilerOptions": { "paths": { "@shop/*": ["./src/modules/*"] } } }`,
      },
    ],
  ])('is found %s', (_, specifier, files, name = 'AppModule') => {
    const added = add({
      ...files,
      'src/main.ts': MAIN.replace('./app.module.js', specifier),
      'src/modules/shop.ts': MODULE.replace('AppModule', name),
    });
    expect(added.warnings).toEqual([]);
    expect(added.files['src/modules/shop.ts']).toContain('imports: [TracingModule.forRoot()]');
    expect(added.files['src/app.module.ts']).toBe(MODULE);
  });

  it.each([
    ['a default export', "import App from './app.module.js'", 'App', 'export default class {}'],
    [
      'one of a constant name',
      "import App from './app.module.js'",
      'App',
      'class A {}\nexport default A',
    ],
    [
      'a dynamic module',
      "import { App } from './app.module.js'",
      'App.forRoot({ a: 1 })',
      'export class App {}',
    ],
  ])('is found as %s', (_, imported, argument, declaration) => {
    const [first, ...rest] = declaration.split('\n');
    const added = add({
      'src/main.ts': `import { NestFactory } from '@nestjs/core';\n${imported};\nconst app = await NestFactory.create(${argument});\n`,
      'src/app.module.ts': `import { Module } from '@nestjs/common';\n\n@Module({ imports: [] })\n${first}\n${rest.join('\n')}`,
    });
    expect(added.warnings).toEqual([]);
    expect(added.files['src/app.module.ts']).toContain('imports: [TracingModule.forRoot()]');
  });

  it('is found in the file that starts the application', () => {
    const { files, warnings } = add({
      'src/main.ts': `import { NestFactory } from "@nestjs/core";
import { Module as NestModule } from "@nestjs/common";

@NestModule({ imports: [] })
class App {}

const app = await NestFactory.create(App);
`,
    });
    expect(warnings).toEqual([]);
    expect(files['src/main.ts']).toBe(`import { NestFactory } from "@nestjs/core";
import { Module as NestModule } from "@nestjs/common";
import { TracingLogger, TracingModule } from "nestjs-tracing";

@NestModule({ imports: [TracingModule.forRoot()] })
class App {}

const app = await NestFactory.create(App, { bufferLogs: true });
app.useLogger(app.get(TracingLogger));
`);
  });

  it.each([
    [
      'is a value',
      MAIN.replace('(AppModule)', '(await modules())'),
      MODULE,
      'src/main.ts: the root module of',
    ],
    [
      'is in no file',
      MAIN.replace('./app.module', './missing'),
      MODULE,
      'src/main.ts: the root module of',
    ],
    [
      'has other metadata',
      MAIN,
      MODULE.replace(/\(\{[^]*\}\)/, '(metadata())'),
      'src/app.module.ts: add `TracingModule.forRoot()`',
    ],
    [
      'has no decorator',
      MAIN,
      'export class AppModule {}',
      'src/app.module.ts: add `TracingModule.forRoot()`',
    ],
  ])('that %s is left to the user', (_, main, module, step) => {
    const { files, warnings } = add({ 'src/main.ts': main, 'src/app.module.ts': module });
    expect(warnings).toEqual([expect.stringContaining(`To do by hand in ${step}`)]);
    expect(files['src/app.module.ts']).toBe(module);
    expect(files['src/main.ts']).toContain('app.useLogger(app.get(TracingLogger));');
  });
});
