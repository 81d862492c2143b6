import { describe, expect, it } from '@jest/globals';
import { errorFields } from '../../src/records/error-fields.js';
import { errorLine } from '../../src/records/error-line.js';
import { errorText } from '../../src/records/error-text.js';

const CANARY = 'alice@canary.example';

const withCode = (message: string, code: string | number): Error =>
  Object.assign(new Error(message), { code });

/** What each library throws, and what remains of its message. */
const THROWN: readonly (readonly [library: string, error: () => Error, shown: string])[] = [
  [
    "MariaDB's connector",
    () =>
      withCode(
        `(conn:7, no: 1146, SQLState: 42S02) Table 'shop.orders' doesn't exist\nsql: SELECT * FROM orders\nWHERE mail = ? - parameters:['${CANARY}',4711]`,
        'ER_NO_SUCH_TABLE',
      ),
    "(conn:7, no: 1146, SQLState: 42S02) Table 'shop.orders' doesn't exist",
  ],
  [
    'Drizzle',
    () =>
      new Error(`Failed query: insert into "users" ("mail") values ($1)\nparams: ${CANARY},\nx`),
    'Failed query: insert into "users" ("mail") values ($1)',
  ],
  [
    'Knex',
    () =>
      withCode(
        `insert into \`users\` (\`mail\`) values ('${CANARY} - x') - UNIQUE constraint failed: users.mail`,
        'SQLITE_CONSTRAINT',
      ),
    'UNIQUE constraint failed: users.mail',
  ],
  [
    'Knex, whose error had its stack before it had this message',
    () => {
      const error = withCode('deadlock detected', '40P01');
      void error.stack;
      error.message = `update "users" set "mail" = '${CANARY}' where "id" = 1 - deadlock detected`;
      return error;
    },
    'deadlock detected',
  ],
];

describe('the parameters of a query in the message of an error', () => {
  it.each(THROWN)('are not shown: %s', (_library, thrown, shown) => {
    const error = thrown();
    const { message, stack } = errorFields(error);

    expect(message).toBe(shown);
    expect(stack).toContain('\n    at ');
    expect(stack).toContain(shown);
    expect(errorLine(error)).toContain(shown.slice(0, 40));
    for (const text of [stack, errorLine(error), errorText(error)]) {
      expect(text).not.toMatch(/canary|4711/);
    }
  });

  it.each([
    ['Selected - 3 of 4'],
    ['update of the profile set - but not saved'],
    ['insert into the slot failed - the slot is taken'],
    ['params: none'],
    ['no rows - parameters:[]'],
  ])('are not what the application says itself: %s', (message) => {
    expect(errorFields(new Error(message))['message']).toBe(message);
  });

  it('are looked for in the time that it takes to read the message', () => {
    const gaps = ' a'.repeat(200_000);
    const started = process.cpuUsage();
    for (const start of ['select - ', 'with - ', 'x\nsql: ', `${' '.repeat(200_000)}select`]) {
      errorFields(withCode(`${start}${gaps} parameters:[`, 'X'));
    }
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});
