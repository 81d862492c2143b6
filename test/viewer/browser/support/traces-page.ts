import type { Locator, Page } from 'playwright-core';
import { Detail } from './detail.js';
import { sidewaysScroll } from './in-page.js';
import { Row } from './row.js';

/** The page as its user knows it: by roles and names. */
export class TracesPage {
  readonly detail: Detail;
  readonly search: Locator;
  readonly state: Locator;
  readonly requests: Locator;
  readonly lines: Locator;
  readonly help: Locator;
  /** How much was dropped. */
  readonly dropped: Locator;

  constructor(readonly tab: Page) {
    this.detail = new Detail(tab);
    this.search = tab.getByRole('searchbox', { name: 'Search' });
    this.state = tab.getByRole('banner').getByRole('status');
    this.requests = tab.getByRole('list', { name: 'Requests' }).getByRole('listitem');
    this.lines = tab.getByRole('list', { name: 'Log lines' }).getByRole('listitem');
    this.help = tab.getByRole('dialog', { name: 'Keyboard shortcuts' });
    this.dropped = tab.getByRole('contentinfo').getByText('dropped');
  }

  /** By its title, as in `GET /pay/Alice`; of several by its request id. */
  request(title: string, requestId = ''): Row {
    const link = this.tab.getByRole('link', { name: title, exact: true });
    const item = this.requests.filter({ has: link, hasText: requestId });
    return new Row(item, item.getByRole('link'));
  }

  /** By a part of its text; of several by its request id. */
  line(text: string, requestId = ''): Row {
    const item = this.lines.filter({ hasText: text }).filter({ hasText: requestId });
    return new Row(item, item.getByRole('button'));
  }

  button(name: string): Locator {
    return this.tab.getByRole('button', { name, exact: true });
  }

  filter(name: string): Locator {
    return this.tab.getByRole('combobox', { name, exact: true });
  }

  get slowerThan(): Locator {
    return this.tab.getByRole('spinbutton', { name: 'Slower than' });
  }

  /** One of the views, in the tabs above the list. */
  view(name: 'Requests' | 'Traces' | 'Routes' | 'Errors'): Locator {
    return this.tab
      .getByRole('navigation', { name: /^(?:Views|Lists)$/ })
      .getByRole('button', { name: new RegExp(`^${name}`) });
  }

  /** Shows the lines of no request, such as those that Nest writes at the start. */
  async showOutside(): Promise<void> {
    await this.tab.getByRole('button', { name: /^Show \d+ lines? outside requests$/ }).click();
  }

  /** A session in the legend. */
  session(label: string | RegExp): Locator {
    return this.tab
      .getByRole('navigation', { name: 'Sessions' })
      .getByRole('button', { name: label });
  }

  /** The titles of the requests that can be seen, in order. */
  async titles(): Promise<string[]> {
    return oneLineEach(await this.requests.getByRole('link').allInnerTexts());
  }

  /** The lines of requests that can be seen, in order; without those that Nest writes at the start. */
  async requestLines(): Promise<string[]> {
    const all = oneLineEach(await this.lines.allInnerTexts());
    return all.filter((line) => !line.includes('[req=none'));
  }

  /** By how many pixels the page is wider than the window. */
  sidewaysScroll(): Promise<number> {
    return this.tab.evaluate(sidewaysScroll);
  }
}

function oneLineEach(texts: readonly string[]): string[] {
  return texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());
}
