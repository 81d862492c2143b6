import { readFileSync } from 'node:fs';
import { defineConfig, type MarkdownRenderer } from 'vitepress';
import { headingSlug } from './heading-slug.js';
import { filesAddress, siteTarget } from './repository-links.js';
import { sidebar } from './sidebar.js';

const { description, repository } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { description: string; repository?: string | { url: string } };
const files = filesAddress(repository);

export default defineConfig({
  lang: 'en',
  title: 'nestjs-tracing',
  description,
  // No picture for the tab, which browsers would ask for.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  outDir: '../build/docs',
  cacheDir: '../build/vitepress',
  // A link that leads nowhere fails the build. Anchors are checked by test/docs.
  ignoreDeadLinks: false,
  // Each page is one file, which also works where the server knows no rules.
  cleanUrls: false,
  markdown: {
    anchor: { slugify: headingSlug },
    config: leadOutOfDocs,
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'Options', link: '/options' },
      // Written by TypeDoc beside the pages, so the site's router does not know it.
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: sidebar.map(({ text, pages }) => ({
      text,
      items: pages.map((page) => ({ text: page.text, link: `/${page.page}` })),
    })),
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
});

/** Links to files that are not pages lead to the repository; without an address they are text. */
function leadOutOfDocs(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('lead-out-of-docs', ({ tokens, env }) => {
    const { relativePath } = env as { relativePath: string };
    for (const token of tokens) {
      const isLink: boolean[] = [];
      token.children =
        token.children?.filter((child) => {
          if (child.type === 'link_close') return isLink.pop();
          if (child.type !== 'link_open') return true;
          const target = siteTarget(String(child.attrGet('href')), relativePath, files);
          if (target !== undefined) child.attrSet('href', target);
          isLink.push(target !== undefined);
          return target !== undefined;
        }) ?? null;
    }
  });
}
