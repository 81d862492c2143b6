import { expect, it } from '@jest/globals';
import { VIEWER_TOKEN } from '../support.js';
import { startShop } from './support/shop.js';
import { Visitor } from './support/visitor.js';

// The browser complains of the refusal, and of what the other site does not have.
const REFUSED = /401 \(Unauthorized\)|404 \(Not Found\)/;

it('opens the page, and the token leaves the address', async () => {
  const shop = await startShop();
  const visitor = await Visitor.arrive({ isNew: true });
  visitor.forgive(REFUSED);
  const refused = await visitor.open(`${shop.url}/_traces/`);
  await refused.tab.getByText('the link that the application printed').waitFor();
  const page = await visitor.open(
    `${shop.url}/_traces?token=${VIEWER_TOKEN}#request=0123456789abcdef`,
  );
  await page.search.waitFor();
  expect(page.tab.url()).toBe(`${shop.url}/_traces/#request=0123456789abcdef`);
  expect(await page.tab.evaluate('document.cookie')).toBe('');
});

it('opens from a link on another site, the first time and later', async () => {
  const shop = await startShop();
  const elsewhere = await startShop();
  const visitor = await Visitor.arrive({ isNew: true });
  visitor.forgive(REFUSED, /^asked for http:\/\/127\.0\.0\.1/);
  // `localhost` is another site than `127.0.0.1`.
  const site = elsewhere.url.replace('127.0.0.1', 'localhost');
  for (const link of [`/_traces?token=${VIEWER_TOKEN}`, '/_traces/']) {
    const { tab } = await visitor.open(`${site}/nothing`);
    await tab.setContent(`<a href="${shop.url}${link}">open</a>`);
    await tab.getByText('open').click();
    await tab.getByRole('searchbox', { name: 'Search' }).waitFor();
    expect(tab.url()).toBe(`${shop.url}/_traces/`);
  }
});
