import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { TracingModule } from 'nestjs-tracing';
import 'reflect-metadata';

// Copied into a checkout of NestJS and loaded before its integration tests: from then on, each
// application that they make imports the module in its root module.

type Method = (this: unknown, root: unknown, ...rest: unknown[]) => unknown;
interface HasImports {
  readonly imports?: readonly unknown[];
}

const IMPORTS = 'imports';
const tracing = TracingModule.forRoot();
const traced = new WeakSet<object>();

for (const name of ['create', 'createMicroservice', 'createApplicationContext']) {
  withTracedRoot(NestFactory, name);
}
withTracedRoot(Test, 'createTestingModule');

function withTracedRoot(target: object, name: string): void {
  const methods = target as Record<string, Method>;
  const method = methods[name]!;
  methods[name] = function (root, ...rest) {
    return method.call(this, withTracing(root), ...rest);
  };
}

/** A root module, or the metadata of one, that imports the module too. */
function withTracing(root: unknown): unknown {
  if (typeof root === 'function') {
    if (!traced.has(root)) {
      const imports = (Reflect.getMetadata(IMPORTS, root) ?? []) as unknown[];
      Reflect.defineMetadata(IMPORTS, [...imports, tracing], root);
      traced.add(root);
    }
    return root;
  }
  // A promise of a module, or something that NestJS refuses, stays as it is.
  if (typeof root !== 'object' || root === null || 'then' in root) return root;
  return { ...root, imports: [...((root as HasImports).imports ?? []), tracing] };
}
