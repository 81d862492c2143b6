import { describe, expect, it } from '@jest/globals';
import { parsePage } from './markdown.js';
import { checkOptionsPage } from './options-page.js';

const PAGE = parsePage(
  'docs/options.md',
  `# Options

## \`OtlpModule.forRoot(options)\`

| Option | Type | Default |
| --- | --- | --- |
| \`url\` | \`string\\|URL\` | none |
| \`headers\` | \`object\` | |
| \`traces\` | \`boolean\` | \`true\` |

\`\`\`ts
OtlpModule.forRoot({ url: 'http://collector:4318', headers: {} });
\`\`\`

### \`keep\`

Type: \`string\`. Default: \`'all'\`.

\`\`\`ts
OtlpModule.forRoot({ keep: 'all' });
\`\`\`

### \`logs\`

Type: \`boolean\`.

## \`traceJson\`

### \`resource\`
`,
);

function wrong(path: string, taker = 'OtlpModule.forRoot'): string[] {
  return checkOptionsPage(PAGE, [{ taker, path }]).map(({ line, message }) => `${line} ${message}`);
}

describe('the page of options', () => {
  it.each(['url', 'keep'])('has %s', (path) => {
    expect(wrong(path)).toEqual([]);
  });

  it.each([
    ['headers', '8 `headers` has no default'],
    ['traces', '9 `traces` has no example under "`OtlpModule.forRoot(options)`"'],
    ['logs', '23 `logs` has no Default'],
    ['resource', '3 OtlpModule.forRoot has no `resource`'],
  ])('lacks something of %s', (path, message) => {
    expect(wrong(path)).toEqual([message]);
  });

  it('lacks what has no part of its own', () => {
    expect(wrong('name', 'traceTask')).toEqual(['1 no heading has `traceTask` (name)']);
  });
});
