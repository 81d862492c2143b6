import { describe, expect, it } from '@jest/globals';
import { PROGRAM } from '../cli/cli.js';
import { parsePage } from './markdown.js';
import { checkShell, shellOf } from './shell-blocks.js';

const shell = shellOf('.', PROGRAM[0]!);

async function wrong(script: string): Promise<string[]> {
  const page = parsePage('page.md', `\`\`\`sh\n${script}\n\`\`\`\n`);
  return (await checkShell([page], shell)).map(({ line, message }) => `${line} ${message}`);
}

describe('commands in the documentation', () => {
  it.each([
    'npm ci && npm run demo -- --once',
    'npm install nestjs-tracing @nestjs/core@12',
    'docker compose logs | npx nestjs-tracing untangle --errors --slower-than 500',
    'npx nestjs-tracing untangle app.log app.log.1.gz',
    'npx nestjs-tracing untangle --html out.html logs/*.log > out.txt',
    'npx nestjs-tracing show <id> --json --file app.log',
    'npx nestjs-tracing agent init',
  ])('that exist: %s', async (script) => {
    expect(await wrong(script)).toEqual([]);
  });

  it.each([
    ['cd a\nnpm run nothing', '3 package.json has no script "nothing"'],
    ['npm i nestjs-tracin', '2 not in package-lock.json: nestjs-tracin'],
    [
      'cat a.log | npx nestjs-tracing untangle --erors',
      "2 nestjs-tracing untangle --erors: error: unknown option '--erors'",
    ],
    ['npx nestjs-tracing sow a', "2 nestjs-tracing sow a: error: unknown command 'sow'"],
  ])('that do not exist: %s', async (script, message) => {
    expect(await wrong(script)).toEqual([message]);
  });

  it('are not looked at where a comment says why', async () => {
    const page = parsePage(
      'page.md',
      '<!-- check: skip of another project -->\n```sh\nnpm run x\n```',
    );
    expect(await checkShell([page], shell)).toEqual([]);
  });
});
