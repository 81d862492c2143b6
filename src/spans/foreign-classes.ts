import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';

// Any file does: the cache of loaded modules is one for the process.
const require = createRequire(join(process.cwd(), 'index.js'));
const PACKAGE_FILE = /[\\/]node_modules[\\/]/;

/** The modules of Node with classes that applications extend. */
const NODE_MODULES = [
  ...['events', 'stream', 'stream/web', 'http', 'https', 'http2', 'net', 'tls', 'dgram', 'fs'],
  ...['zlib', 'readline', 'url', 'util', 'buffer', 'async_hooks', 'child_process', 'crypto'],
  ...['worker_threads', 'perf_hooks', 'string_decoder', 'tty', 'vm', 'v8', 'assert', 'repl'],
];

let ofNode: ReadonlySet<unknown> | undefined;

/** Whether a prototype is that of a class of the language or of Node. */
export function isBuiltIn(prototype: object): boolean {
  const maker = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  if (typeof maker === 'function' && isNative(maker)) return true;
  ofNode ??= prototypesOf(NODE_MODULES.map((name) => require(`node:${name}`) as unknown));
  return ofNode.has(prototype);
}

/** The text of a bound function is that of a native one too, but it has no prototype. */
function isNative(maker: Function): boolean {
  return (
    Object.hasOwn(maker, 'prototype') &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(maker))
  );
}

/** The prototypes of the classes that packages export, as far as these are loaded. */
export function packageClasses(): ReadonlySet<unknown> {
  const loaded = Object.entries(require.cache ?? {});
  const exported = loaded
    .filter(([file]) => PACKAGE_FILE.test(file))
    .map(([, module]) => module?.exports as unknown);
  return prototypesOf([common, core, ...exported]);
}

function prototypesOf(modules: readonly unknown[]): ReadonlySet<unknown> {
  const prototypes = new Set<unknown>();
  const add = (value: unknown): void => {
    if (typeof value !== 'function') return;
    const prototype: unknown = Object.getOwnPropertyDescriptor(value, 'prototype')?.value;
    if (typeof prototype === 'object' && prototype !== null) prototypes.add(prototype);
  };
  for (const exports of modules) {
    add(exports);
    if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null)
      continue;
    // Getters are not read: some load what they return, or warn.
    for (const key of Reflect.ownKeys(exports)) {
      add(Object.getOwnPropertyDescriptor(exports, key)?.value);
    }
  }
  return prototypes;
}
