import { describe, expect, it } from '@jest/globals';
import { checkVersion, isWithin } from '../../src/records/supported-version.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();

describe('isWithin', () => {
  it.each([
    ['11.0.0', '^11 || ^12', true],
    ['12.5.1', '^11 || ^12', true],
    ['10.4.9', '^11 || ^12', false],
    ['13.0.0', '^11 || ^12', false],
    ['12.0.0-next.1', '^11 || ^12', true],
    ['1.20.0', '^1.20', true],
    ['1.19.9', '^1.20', false],
    ['2.0.0', '^1.20', false],
    ['0.223.1', '^0.223', true],
    ['0.222.0', '^0.223', false],
    ['1.223.0', '^0.223', false],
  ])('%s in %s: %p', (version, range, expected) => {
    expect(isWithin(version, range)).toBe(expected);
  });
});

describe('checkVersion', () => {
  const jobs = { package: 'some-queue', range: '^5 || ^6', without: 'jobs may not be traced' };

  it('warns once, by name and version, of what is missing', () => {
    expect(checkVersion(jobs, '4.18.3')).toBe(false);
    expect(checkVersion(jobs, '4.18.3')).toBe(false);
    expect(warn.mock.calls).toEqual([
      [
        'nestjs-tracing: some-queue 4.18.3 is not supported (supported: ^5 || ^6): jobs may not be traced',
        { type: 'TracingWarning', code: 'TRACING_UNSUPPORTED' },
      ],
    ]);
  });

  it('has nothing to say of a version that is supported, or not to be found', () => {
    expect(checkVersion(jobs, '5.0.0')).toBe(true);
    expect(checkVersion(jobs)).toBe(true);
    expect(warn.mock.calls).toEqual([]);
  });
});
