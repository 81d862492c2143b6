import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { DIALECTS, type SqlSystem } from '../../../src/instrumentation/clients/sql-dialect.js';
import { readTokens } from '../../../src/instrumentation/clients/sql-tokens.js';
import { statementShape } from '../../../src/instrumentation/clients/statement-shape.js';

const SYSTEMS = Object.keys(DIALECTS) as SqlSystem[];
const FRAGMENTS = (
  'SELECT|FROM|orders|o2|a|E|N|U&|x|_|e|1|42|0|1.5|.5|5.|1e5|1e-5|0x1F|1.2.3|9|$1|$|$$|$t$|?|?1|:|:id|@|@@|@p|#|' +
  "'|''|'a'|'it''s'|'1'|'\\\\|\"|\"\"|\"a 1\"|`|`t1`|[|]|[1]|(|)|,|;|.|-|--|+|/|*|/*|*/|\\\\|\n|\r| |é|{|}|=|~"
).split('|');

describe('the shape of a statement', () => {
  it.each(SYSTEMS)('has the same tokens as the statement, for %s', (system) => {
    const dialect = DIALECTS[system];
    const statements = fc.array(fc.constantFrom(...FRAGMENTS, '|'), { maxLength: 14 });
    fc.assert(
      fc.property(statements, (fragments) => {
        const statement = fragments.join('');
        const shape = statementShape(statement, dialect);
        if (shape === undefined) return;
        expect(readTokens(shape, dialect, false)).toEqual(readTokens(statement, dialect, false));
        expect(statementShape(shape, dialect)).toBe(shape);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    [
      "SELECT * FROM t WHERE a = 7 AND b='Ada' LIMIT 10",
      "SELECT * FROM t WHERE a = 0 AND b='' LIMIT 0",
    ],
    [
      'SELECT "a 1"."b2" FROM "t3" WHERE x IN (1,2.5,-3)',
      'SELECT "a 1"."b2" FROM "t3" WHERE x IN (0,0,-0)',
    ],
    ["INSERT INTO t VALUES (1, 'it''s', $1)", "INSERT INTO t VALUES (0, '', $1)"],
    ['SELECT a FROM t WHERE b = $1', 'SELECT a FROM t WHERE b = $1'],
  ])('is %s without its values', (statement, shape) => {
    expect(statementShape(statement, DIALECTS.postgresql)).toBe(shape);
  });

  it.each([
    "SELECT 'a\\'",
    'SELECT 1 -- x',
    'SELECT /* 1 */ 2',
    'SELECT $$a$$',
    "SELECT 'a",
    'SELECT "a',
  ])('is left to the reader of tokens for %s', (statement) => {
    expect(statementShape(statement, DIALECTS.postgresql)).toBeUndefined();
  });
});
