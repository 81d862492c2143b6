import { describe, expect, it } from '@jest/globals';
import {
  addResult,
  countOf,
  differencesOf,
  steady,
  type Result,
} from '../../scripts/test-nest/differences.js';

const passed: Result = { status: 'passed' };
const failed: Result = { status: 'failed', message: 'expected 1 to be 2' };
const skipped: Result = { status: 'skipped' };

describe('two runs of the same tests', () => {
  it('differ in what passes without the module, and fails or does not run with it', () => {
    const without = new Map([
      ['a', passed],
      ['b', passed],
      ['c', passed],
      ['d', passed],
      ['needs a broker', failed],
      ['left out', skipped],
    ]);
    const withModule = new Map([
      ['a', passed],
      ['b', failed],
      ['c', skipped],
      ['needs a broker', failed],
      ['a hook', failed],
    ]);
    expect(differencesOf(without, withModule)).toEqual([
      { test: 'b', message: 'expected 1 to be 2' },
      { test: 'c', message: 'it does not run' },
      { test: 'd', message: 'it does not run' },
      { test: 'a hook', message: 'expected 1 to be 2' },
    ]);
    expect(differencesOf(without, without)).toEqual([]);
    expect(countOf(without, 'passed')).toBe(4);
  });

  it('differ only where they do so again', () => {
    const some = [
      { test: 'a', message: '' },
      { test: 'b', message: '' },
    ];
    expect(steady(some, [{ test: 'b', message: 'another' }])).toEqual([{ test: 'b', message: '' }]);
  });

  it('keep tests of the same name apart', () => {
    const results = new Map<string, Result>();
    for (const result of [passed, failed, passed]) addResult(results, 'a', result);
    expect([...results]).toEqual([
      ['a', passed],
      ['a (2)', failed],
      ['a (3)', passed],
    ]);
  });
});
