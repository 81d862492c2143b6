import { describe, expect, it } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { SchedulerRegistry } from '@nestjs/schedule';
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { inherits } from 'node:util';
import { Script, runInNewContext } from 'node:vm';
import { methodsOf, withAncestors, type Class } from '../../src/spans/class-methods.js';
import { originsOf } from '../../src/spans/class-origin.js';
import { compiledProgram } from '../support/compiled-program.js';

class Service {
  find(): number {
    return 1;
  }
}

abstract class Base extends Transform {
  publish(text: string): void {
    this.write(text);
  }
}

class Feed extends Base {
  override _transform(): void {}
  override toString(): string {
    return 'feed';
  }
  feed(): void {}
}

class Prices extends Map<string, number> {
  override get(item: string): number | undefined {
    return super.get(item);
  }
  price(item: string): number | undefined {
    return this.get(item);
  }
}

class Tasks extends SchedulerRegistry {
  plan(): void {}
}

class Strict extends ValidationPipe {
  check(): void {}
}

function OldStyle(): void {}
inherits(OldStyle, EventEmitter);
OldStyle.prototype.announce = () => {};

function Assigned(): void {}
Assigned.prototype = { run() {} };

function classIn(file: string, source = 'class Loaded { run() {} }'): Class {
  return new Script(`(${source})`, { filename: file }).runInThisContext() as Class;
}

function originOf(made: unknown): unknown {
  return originsOf([made as Class]).get(made as Class);
}

const named = class extends Service {};
const hidden = class {
  static toString(): string {
    return 'function () { [native code] }';
  }
};

describe('a class', () => {
  it.each<[string, unknown]>([
    ['declared', Service],
    ['abstract', Base],
    ['without a name', (() => class {})()],
    ['made by a mixin', named],
    ['that is a function', OldStyle],
    ['in front of which is a proxy', new Proxy(class {}, {})],
    ['that is bound', class {}.bind(undefined)],
    ['whose text is another', hidden],
    ['of another realm', runInNewContext('(class { run() {} })')],
    // oxlint-disable-next-line typescript/no-implied-eval
    ['made by eval', new Function('return class {}')()],
    ['in a folder whose name is like that of packages', classIn('/app/my_node_modules/a/b.js')],
  ])('is of the application: %s', (_what, made) => {
    expect(originOf(made)).toBe('application');
  });

  it.each<[string, unknown]>([
    ['an ES module', ModuleRef],
    ['exported', SchedulerRegistry],
    ['in a file of a package', classIn('/app/node_modules/driver/index.js')],
    ['scoped', classIn('file:///app/node_modules/@scope/driver/index.js')],
    ['made by a mixin of a package', AuthGuard('jwt')],
    ['on Windows', classIn('C:\\app\\node_modules\\driver\\index.js')],
  ])('is of a package: %s', (_what, made) => {
    expect(originOf(made)).toBe('package');
  });

  it.each([[Map], [Promise], [Array], [Readable], [EventEmitter], [Object]])(
    'is of the platform: %p',
    (made) => {
      expect(originOf(made)).toBe('platform');
    },
  );

  it('is of the application where that is installed as a package', () => {
    const { argv } = process;
    process.argv = [argv[0]!, '/lib/node_modules/app/dist/main.js'];
    try {
      expect(originOf(classIn('/lib/node_modules/app/dist/a.js'))).toBe('application');
      expect(originOf(classIn('/lib/node_modules/app/node_modules/x/a.js'))).toBe('package');
      expect(originOf(classIn('/lib/node_modules/apples/a.js'))).toBe('package');
    } finally {
      process.argv = argv;
    }
  });

  it.each([
    ['without flags', []],
    ['without an inspector', ['--experimental-permission', '--allow-fs-read=*']],
  ])('of the platform is known %s', async (_what, flags) => {
    const [major = 0] = process.versions.node.split('.').map(Number);
    const execArgv = flags.map((flag) =>
      major >= 22 ? flag.replace('--experimental-permission', '--permission') : flag,
    );
    const child = fork(compiledProgram('test/spans/class-origin.process.ts'), {
      execArgv,
      silent: true,
    });
    const [origins] = (await once(child, 'message')) as [unknown];
    expect(origins).toEqual(['application', 'platform', 'platform', 'platform', 'platform']);
  });
});

describe('the methods of', () => {
  it.each<[string, Function, string[]]>([
    ['a stream', Feed, ['feed', 'publish']],
    ['a map', Prices, ['price']],
    ['an old-style class', OldStyle, ['announce']],
    ['a class with an assigned prototype', Assigned, ['run']],
    ['a class that extends one of a package', Tasks, ['plan']],
    ['a pipe that extends one of a package', Strict, ['check']],
  ])('%s that are its own', (_what, made, expected) => {
    const target = made as Class;
    const origins = originsOf(withAncestors(new Set([target])));
    const own = methodsOf(target, origins).filter(([, , origin]) => origin === 'application');
    expect(own.map(([key]) => key)).toEqual(expected);
  });

  it('a class of a package, with an assigned prototype too, are those of a package', () => {
    const source = '(() => { function A() {} A.prototype = { run() {} }; return A; })()';
    for (const text of [source, 'class Loaded { run() {} }']) {
      const target = classIn('/app/node_modules/old/index.js', text);
      const origins = originsOf(withAncestors(new Set([target])));
      expect(methodsOf(target, origins).map(([key, , origin]) => [key, origin])).toEqual([
        ['run', 'package'],
      ]);
    }
  });

  it('an application are its own where `constructor` has been replaced', () => {
    class Replaced extends Service {
      own(): void {}
    }
    Object.defineProperty(Replaced.prototype, 'constructor', { value: Map });
    const origins = originsOf(withAncestors(new Set([Replaced])));
    expect(methodsOf(Replaced, origins).map(([key, , origin]) => [key, origin])).toEqual([
      ['own', 'application'],
      ['find', 'application'],
    ]);
  });
});
