import { describe, expect, it } from '@jest/globals';
import { shellCommands } from './shell-words.js';

describe('the commands of a shell block', () => {
  it.each([
    [
      'npm ci && npm run demo',
      [
        ['npm', 'ci'],
        ['npm', 'run', 'demo'],
      ],
    ],
    ['A=1 B="x y" npm start -- --once', [['npm', 'start', '--', '--once']]],
    [
      "npx nestjs-tracing untangle --grep '/a b/' # all",
      [['npx', 'nestjs-tracing', 'untangle', '--grep', '/a b/']],
    ],
    [
      'cat a.log | grep "a\\"b" > out 2>&1',
      [
        ['cat', 'a.log'],
        ['grep', 'a"b'],
      ],
    ],
    ['npx nestjs-tracing show <id> --json', [['npx', 'nestjs-tracing', 'show', '<id>', '--json']]],
    ['npm i a/{b,c}', [['npm', 'i', 'a/{b,c}']]],
    ['# only a comment', []],
  ])('%s', (script, words) => {
    expect(shellCommands(script).map((command) => command.words)).toEqual(words);
  });

  it('know their lines', () => {
    expect(shellCommands('a \\\n  b\n\nc')).toEqual([
      { words: ['a', 'b'], line: 0 },
      { words: ['c'], line: 3 },
    ]);
  });
});
