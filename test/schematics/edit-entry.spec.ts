import { describe, expect, it } from '@jest/globals';
import { add, MAIN } from './memory-tree.js';

const LOGGER = 'app.useLogger(app.get(TracingLogger));';

/** The body of `bootstrap`, before and after. */
function body(before: string, declarations = ''): string {
  const main = `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
${declarations}
async function bootstrap() {
${before}
}
`;
  const { files, warnings } = add({ 'src/main.ts': main });
  expect(warnings).toEqual([]);
  return /bootstrap\(\) \{\n([^]*)\n\}\n$/.exec(files['src/main.ts']!)![1]!;
}

describe('the file that starts the application', () => {
  it('is changed in four places', () => {
    const { files, warnings } = add();
    expect(warnings).toEqual([]);
    expect(files['src/main.ts']).toBe(`import { NestFactory } from '@nestjs/core';
import { TracingLogger } from 'nestjs-tracing';
import { AppModule } from './app.module.js';

async function bootstrap() {
  const app = await NestFactory.create(AppModule, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.listen(3000);
}
await bootstrap();
`);
  });

  it.each([
    [
      'an object of options',
      '  const app = await NestFactory.create(AppModule, { cors: true });',
      `  const app = await NestFactory.create(AppModule, { cors: true, bufferLogs: true });\n  ${LOGGER}`,
    ],
    [
      'an empty object',
      '  const app = await NestFactory.create(AppModule, {});',
      `  const app = await NestFactory.create(AppModule, { bufferLogs: true });\n  ${LOGGER}`,
    ],
    [
      'options on lines of their own, with a trailing comma and comments',
      '\tconst app = await NestFactory.create(AppModule, {\n\t\tcors: true, // for the page\n\t});',
      `\tconst app = await NestFactory.create(AppModule, {\n\t\tcors: true, // for the page\n\t\tbufferLogs: true,\n\t});\n\t${LOGGER}`,
    ],
    [
      'options on lines of their own, without a trailing comma',
      '    const app = await NestFactory.create(AppModule, {\n      ...defaults,\n      cors: true // for the page\n    });',
      `    const app = await NestFactory.create(AppModule, {\n      ...defaults,\n      cors: true, // for the page\n      bufferLogs: true\n    });\n    ${LOGGER}`,
    ],
    [
      'options that buffer logs',
      '  const app = await NestFactory.create(AppModule, { bufferLogs: true });',
      `  const app = await NestFactory.create(AppModule, { bufferLogs: true });\n  ${LOGGER}`,
    ],
    [
      'options with a type',
      '  const app = await NestFactory.create(AppModule, { cors: true, } satisfies Options);',
      `  const app = await NestFactory.create(AppModule, { cors: true, bufferLogs: true } satisfies Options);\n  ${LOGGER}`,
    ],
    [
      'an adapter',
      '  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());',
      `  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { bufferLogs: true });\n  ${LOGGER}`,
    ],
    [
      'an adapter on a line of its own',
      '  const app = await NestFactory.create(\n    AppModule,\n    new FastifyAdapter({ logger: false }),\n  );',
      `  const app = await NestFactory.create(\n    AppModule,\n    new FastifyAdapter({ logger: false }),\n    { bufferLogs: true },\n  );\n  ${LOGGER}`,
    ],
    [
      'an adapter in a constant, and options',
      '  const fastify = new FastifyAdapter();\n  const app = await NestFactory.create(AppModule, fastify, { rawBody: true });',
      `  const fastify = new FastifyAdapter();\n  const app = await NestFactory.create(AppModule, fastify, { rawBody: true, bufferLogs: true });\n  ${LOGGER}`,
    ],
    [
      'options in a constant',
      '  const options: Options = { cors: true };\n  const app = await NestFactory.create(AppModule, options);',
      `  const options: Options = { cors: true, bufferLogs: true };\n  const app = await NestFactory.create(AppModule, options);\n  ${LOGGER}`,
    ],
    [
      'a microservice',
      '  const service = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { transport });',
      `  const service = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { transport, bufferLogs: true });\n  service.useLogger(service.get(TracingLogger));`,
    ],
    [
      'an assignment, without semicolons',
      '  app = await NestFactory.create(AppModule)',
      '  app = await NestFactory.create(AppModule, { bufferLogs: true })\n  app.useLogger(app.get(TracingLogger))',
    ],
    [
      'a comment behind the statement',
      '  const app = await NestFactory.create(AppModule); // the shop',
      `  const app = await NestFactory.create(AppModule, { bufferLogs: true }); // the shop\n  ${LOGGER}`,
    ],
    [
      'two applications',
      '  const app = await NestFactory.create(AppModule);\n  const jobs = await NestFactory.createApplicationContext(AppModule);',
      `  const app = await NestFactory.create(AppModule, { bufferLogs: true });\n  ${LOGGER}\n  const jobs = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });\n  jobs.useLogger(jobs.get(TracingLogger));`,
    ],
  ])('%s', (_, before, after) => {
    expect(body(before)).toBe(after);
  });

  it.each([
    ['quotes', MAIN.replaceAll("'", '"'), 'from "nestjs-tracing";'],
    ['line endings', MAIN.replaceAll('\n', '\r\n'), "from 'nestjs-tracing';\r\n"],
    ['a byte order mark', `\uFEFF${MAIN}`, "\uFEFFimport { NestFactory } from '@nestjs/core';\n"],
    ['a file without semicolons', MAIN.replaceAll(';', ''), "from 'nestjs-tracing'\n"],
    [
      'another name of the factory',
      MAIN.replace('{ NestFactory }', '{ NestFactory as Nest }').replace('NestFactory.c', 'Nest.c'),
      'Nest.create(AppModule, { bufferLogs: true })',
    ],
    [
      'names that are imported from the package',
      `import { TraceContext } from 'nestjs-tracing';\n${MAIN}`,
      "import { TraceContext, TracingLogger } from 'nestjs-tracing';",
    ],
    [
      'types that are imported from the package',
      `import type { Step } from 'nestjs-tracing';\n${MAIN}`,
      "import { TracingLogger } from 'nestjs-tracing';",
    ],
  ])('keeps %s', (_, main, part) => {
    const { files, warnings } = add({ 'src/main.ts': main });
    expect(warnings).toEqual([]);
    const written = files['src/main.ts']!;
    expect(written).toContain(part);
    const endings = (text: string) => [...text.matchAll(/\r?\n/g)].map(([ending]) => ending);
    expect(new Set(endings(written))).toEqual(new Set(endings(main)));
    expect(written).toContain('.useLogger(app.get(TracingLogger))');
  });

  it.each([
    [
      'options that are made elsewhere',
      MAIN.replace('(AppModule)', '(AppModule, options())'),
      ['add `bufferLogs: true` to the options of `NestFactory.create`'],
    ],
    [
      'arguments that are spread',
      MAIN.replace('(AppModule)', '(AppModule, ...given)'),
      ['add `bufferLogs: true` to the options of `NestFactory.create`'],
    ],
    [
      'an application that nothing names',
      MAIN.replace('const app = await', 'return'),
      ['call `app.useLogger(app.get(TracingLogger))` after the application is created'],
    ],
    [
      'a promise that is awaited later',
      MAIN.replace('const app = await', 'const app ='),
      ['call `app.useLogger(app.get(TracingLogger))` after the application is created'],
    ],
    [
      'another logger',
      MAIN.replace('await app.l', 'app.useLogger(app.get(Logger));\n  await app.l'),
      ['another logger is set with `useLogger`'],
    ],
  ])('says what is to do by hand for %s', (_, main, steps) => {
    const { warnings } = add({ 'src/main.ts': main });
    expect(warnings).toEqual(
      steps.map((step) => expect.stringContaining(`To do by hand in src/main.ts: ${step}`)),
    );
  });
});
