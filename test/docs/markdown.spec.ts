import { describe, expect, it } from '@jest/globals';
import { parsePage } from './markdown.js';

const page = parsePage(
  'docs/page.md',
  `# The \`page\`

See [one](one.md#a), ![two](images/two.png "Two") and \`[no](link)\`.

<!-- check: declare const app: object -->

\`\`\`ts
app;
\`\`\`

- In a list:

  \`\`\`sh
  npm test
  \`\`\`

## Levels, and \`traceId.format\`
## Same
## Same

\`\`\`\`text
\`\`\`
# no heading
\`\`\`
\`\`\`\`

\`\`\`json
\`\`\`

[three]: three.md
`,
);

describe('a page', () => {
  it('has its blocks, with their lines and without their indentation', () => {
    expect(page.blocks.map(({ language, code, line }) => [language, code, line])).toEqual([
      ['ts', 'app;', 8],
      ['sh', 'npm test', 14],
      ['text', '```\n# no heading\n```', 22],
      ['json', '', 28],
    ]);
  });

  it('has what a comment above a block says', () => {
    expect(page.blocks.map(({ check }) => check)).toEqual([
      'declare const app: object',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('has its headings with the anchors of GitHub', () => {
    expect(page.headings.map(({ slug, line }) => [slug, line])).toEqual([
      ['the-page', 1],
      ['levels-and-traceidformat', 17],
      ['same', 18],
      ['same-1', 19],
    ]);
  });

  it('has its links and pictures, but none that is code', () => {
    expect(page.links.map(({ target, isImage }) => [target, isImage])).toEqual([
      ['one.md#a', false],
      ['images/two.png', true],
      ['three.md', false],
    ]);
  });
});
