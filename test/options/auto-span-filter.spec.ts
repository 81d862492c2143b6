import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { SpansOptions } from '../../src/options/span-options.js';
import type { TracingModuleOptions } from '../../src/options/tracing-options.js';

const isAutoSpan = (auto: SpansOptions['auto']) => resolveOptions({ spans: { auto } }).isAutoSpan;

describe('spans.auto', () => {
  it.each([[undefined], [false]])('is off for %s', (auto) => {
    expect(isAutoSpan(auto)).toBeUndefined();
    expect(resolveOptions().isAutoSpan).toBeUndefined();
  });

  it.each<[string, SpansOptions['auto'], string, boolean]>([
    ['everything', true, 'A.b', true],
    ['everything', {}, 'A.b', true],
    ['a class', { include: ['A'] }, 'A.b', true],
    ['not one whose name begins so', { include: ['A'] }, 'AB.b', false],
    ['a method', { include: ['A.b'] }, 'A.b', true],
    ['not its sister', { include: ['A.b'] }, 'A.c', false],
    ['a pattern', { include: [/Repository\./] }, 'UserRepository.find', true],
    ['a pattern with memory, again and again', { include: [/A/g] }, 'A.b', true],
    ['not what is excluded', { exclude: ['A'] }, 'A.b', false],
    ['not what is both', { include: ['A'], exclude: [/b$/] }, 'A.b', false],
  ])('means %s', (_what, auto, name, isMeant) => {
    const means = isAutoSpan(auto)!;
    expect([means(name, false), means(name, false)]).toEqual([isMeant, isMeant]);
  });

  it.each<[string, SpansOptions['auto'], boolean]>([
    ['no method of a package', true, false],
    ['none that is merely not excluded', { exclude: ['B'] }, false],
    ['one that is included by name', { include: ['A'] }, true],
  ])('means %s', (_what, auto, isMeant) => {
    expect(isAutoSpan(auto)!('A.b', true)).toBe(isMeant);
  });

  it.each<[unknown, string]>([
    [{ spans: true }, 'INVALID_OPTION'],
    [{ spans: { all: true } }, 'UNKNOWN_OPTION'],
    [{ spans: { auto: 'yes' } }, 'INVALID_OPTION'],
    [{ spans: { auto: { only: [] } } }, 'UNKNOWN_OPTION'],
    [{ spans: { auto: { include: 'A' } } }, 'INVALID_OPTION'],
    [{ spans: { auto: { exclude: [''] } } }, 'INVALID_OPTION'],
    [{ spans: { auto: { exclude: [7] } } }, 'INVALID_OPTION'],
    [{ serverTiming: 'yes' }, 'INVALID_OPTION'],
    [{ console: 'yes' }, 'INVALID_OPTION'],
    [{ accessLog: { slowerThan: '1s' } }, 'INVALID_OPTION'],
    [{ accessLog: { slowerThan: -1 } }, 'INVALID_OPTION'],
    [{ accessLog: { slowerThan: Number.NaN } }, 'INVALID_OPTION'],
  ])('%j stops the application: %s', (options, code) => {
    expect(() => resolveOptions(options as TracingModuleOptions)).toThrow(
      expect.objectContaining({ name: 'TracingConfigError', code, fix: expect.any(String) }),
    );
  });
});
