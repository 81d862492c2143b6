import { afterEach, describe, expect, it } from '@jest/globals';
import {
  appliedPatches,
  definedPatches,
  definePatch,
  undoPatches,
} from '../../src/instrumentation/patch.js';
import { versionOf } from '../../src/records/package-version.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
afterEach(undoPatches);

let count = 0;
const newPatch = (name = '@nestjs/core') =>
  definePatch({
    package: name,
    target: `Router.prototype.route${++count}`,
    gives: 'a trace for each route',
    without: 'routes are not traced',
    why: 'there is no hook',
  });
const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));

class Router {
  route(path: string, _options?: object): string {
    return `routed ${path}`;
  }
}
const newRouter = (): { new (): Router; prototype: Router } =>
  class extends Router {
    override route(path: string, options?: object): string {
      return super.route(path, options);
    }
  };

describe('a patch', () => {
  it('replaces a method with one that looks like the original', () => {
    const Patched = newRouter();
    const original = Patched.prototype.route;
    const isPatched = newPatch().method(
      Patched.prototype,
      'route',
      (route) =>
        function (this: Router, ...args) {
          return `${route.apply(this, args)}!`;
        },
    );
    expect(isPatched).toBe(true);
    expect(new Patched().route('/a')).toBe('routed /a!');
    expect(Patched.prototype.route).not.toBe(original);
    expect([Patched.prototype.route.name, Patched.prototype.route.length]).toEqual(['route', 2]);
    expect(Object.keys(Patched.prototype)).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it('is made once, however often it is requested', () => {
    const Patched = newRouter();
    const patch = newPatch();
    for (let i = 0; i < 3; i++) {
      expect(patch.method(Patched.prototype, 'route', (route) => (path) => `${route(path)}!`)).toBe(
        true,
      );
    }
    expect(new Patched().route('/a')).toBe('routed /a!');
  });

  it.each<[string, object | undefined]>([
    ['a method that is missing', {}],
    ['a member that is no function', { route: 1 }],
    ['an owner that is missing', undefined],
    ['a frozen owner', Object.freeze({ route: () => '' })],
    [
      'a getter that throws',
      {
        get route(): never {
          throw new Error('private');
        },
      },
    ],
  ])('warns of %s, once, and does nothing', (_name, owner) => {
    const patch = newPatch();
    for (let i = 0; i < 2; i++) {
      expect(patch.method(owner as Router | undefined, 'route', () => () => 'patched')).toBe(false);
    }
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(
      /^nestjs-tracing: @nestjs\/core \d+\.\d+\.\d+\S* has another shape than expected: routes are not traced \(/,
    );
    expect(warn.mock.calls[0]?.[1]).toEqual({
      type: 'TracingWarning',
      code: 'TRACING_UNSUPPORTED',
    });
  });

  it('warns once for each of several', () => {
    newPatch().method({} as Router, 'route', () => () => '');
    newPatch().method({} as Router, 'route', () => () => '');
    expect(warnings()).toHaveLength(2);
  });

  it('is undone', () => {
    const Patched = newRouter();
    const original = Object.getOwnPropertyDescriptor(Patched.prototype, 'route');
    newPatch().method(Patched.prototype, 'route', () => () => 'patched');
    undoPatches();
    expect(Object.getOwnPropertyDescriptor(Patched.prototype, 'route')).toEqual(original);
  });

  it('is undone to what was inherited', () => {
    const Patched = class extends Router {};
    newPatch().method(Patched.prototype, 'route', () => () => 'patched');
    undoPatches();
    expect(Object.hasOwn(Patched.prototype, 'route')).toBe(false);
    expect(new Patched().route('/a')).toBe('routed /a');
  });

  it('can be made again after it was undone', () => {
    const Patched = newRouter();
    const patch = newPatch();
    const make = (): boolean => patch.method(Patched.prototype, 'route', () => () => 'patched');
    make();
    undoPatches();
    expect(make()).toBe(true);
    expect(new Patched().route('/a')).toBe('patched');
  });

  it('is undone with another one on the same method, in the reverse order', () => {
    const Patched = newRouter();
    const original = Patched.prototype.route;
    newPatch().method(Patched.prototype, 'route', (route) => (path) => `1${route(path)}`);
    newPatch().method(Patched.prototype, 'route', (route) => (path) => `2${route(path)}`);
    expect(new Patched().route('/a')).toBe('21routed /a');
    undoPatches();
    expect(Patched.prototype.route).toBe(original);
  });

  it('stays when other code has replaced it since', () => {
    const Patched = newRouter();
    newPatch().method(Patched.prototype, 'route', (route) => (path) => `${route(path)}!`);
    const { route } = Patched.prototype;
    Patched.prototype.route = (path) => `${route(path)}?`;
    undoPatches();
    expect(new Patched().route('/a')).toBe('routed /a!?');
  });

  it('of an instance is not undone', () => {
    const router = new Router();
    newPatch().methodOfInstance(router, 'route', () => () => 'patched');
    undoPatches();
    expect(router.route('/a')).toBe('patched');
  });

  it('reads an internal, or warns', () => {
    const patch = newPatch();
    const server = { container: { modules: 2 } } as { container?: { modules?: number } };
    expect(patch.read('container', () => server.container!.modules)).toBe(2);
    expect(warnings()).toEqual([]);
    delete server.container!.modules;
    expect(patch.read('container', () => server.container!.modules)).toBeUndefined();
    delete server.container;
    expect(patch.read('container', () => server.container!.modules)).toBeUndefined();
    expect(warnings()).toHaveLength(1);
  });

  const notFound = (code: string): Promise<never> =>
    Promise.reject(Object.assign(new Error('Cannot find it'), { code }));

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED'])(
    'warns of a module that has moved inside an installed package: %s',
    async (code) => {
      expect(await newPatch().load(() => notFound(code))).toBeUndefined();
      expect(warnings()).toHaveLength(1);
    },
  );

  it('does not warn about a package that is not installed', async () => {
    expect(
      await newPatch('not-installed').load(() => notFound('ERR_MODULE_NOT_FOUND')),
    ).toBeUndefined();
    expect(warnings()).toEqual([]);
  });

  it('warns of a package that throws when it is loaded', async () => {
    const patch = newPatch('not-installed');
    expect(await patch.load(() => Promise.reject(new Error('broken')))).toBeUndefined();
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('broken');
  });

  it('is listed: when it is defined, and when it is made', () => {
    const patch = newPatch();
    expect(definedPatches()).toContainEqual(patch.description);
    expect(appliedPatches()).toEqual([]);
    patch.method(newRouter().prototype, 'route', () => () => '');
    expect(appliedPatches()).toEqual([
      { ...patch.description, version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    ]);
    undoPatches();
    expect(appliedPatches()).toEqual([]);
  });
});

describe('a patch of an object that outlives its application', () => {
  it('is listed again for the next application', () => {
    const patch = newPatch();
    const router = new Router();
    const patched = () => patch.methodOfInstance(router, 'route', () => () => 'patched');
    expect(patched()).toBe(true);
    undoPatches();
    expect(appliedPatches()).toEqual([]);
    expect(patched()).toBe(true);
    expect(appliedPatches()).toHaveLength(1);
    expect(router.route('/a')).toBe('patched');
  });
});

describe('the version of a package', () => {
  it.each([
    ['@nestjs/core', /^\d+\.\d+/],
    ['rxjs', /^7\./],
    ['node', /^\d+\.\d+\.\d+$/],
  ])('is found: %s', (name, version) => {
    expect(versionOf(name)).toMatch(version);
  });

  it('is that of the copy inside Node when the application has none', () => {
    expect(versionOf('v8')).toBe(process.versions.v8);
  });

  it('is not known of one that is not installed', () => {
    expect(versionOf('not-installed')).toBeUndefined();
  });
});
