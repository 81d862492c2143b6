import type { Locator, Page } from 'playwright-core';
import { clipboardText } from './in-page.js';

/** What was opened: a request or a line, with everything that is known of it. */
export class Detail {
  readonly body: Locator;
  readonly spans: Locator;
  readonly lines: Locator;

  constructor(private readonly tab: Page) {
    this.body = tab.getByRole('group', { name: 'Details' });
    this.spans = tab.getByRole('treegrid', { name: 'Spans' }).getByRole('row');
    this.lines = tab.getByRole('list', { name: 'Lines of this request' }).getByRole('listitem');
  }

  /** The detail is a region that is labelled by its title. */
  titled(title: string): Locator {
    return this.tab.getByRole('region', { name: title, exact: true });
  }

  get close(): Locator {
    return this.button('Close');
  }

  button(name: string): Locator {
    return this.tab.getByRole('button', { name, exact: true });
  }

  span(name: string): Locator {
    const toggle = this.tab.getByRole('button', { name, exact: true });
    return this.spans.filter({ has: toggle });
  }

  /** What the request failed with. */
  get error(): Locator {
    return this.tab.getByRole('region', { name: 'Error', exact: true });
  }

  /** The value under a name, such as `request id`. */
  fact(name: string): Locator {
    return this.body
      .getByRole('term')
      .filter({ hasText: new RegExp(`^${name}$`) })
      .locator('xpath=following-sibling::dd');
  }

  /** Presses a copy button, and says what is in the clipboard then. */
  async copied(name: string): Promise<string> {
    const button = this.button(name);
    await button.click();
    await button.getByText('Copied').first().waitFor({ state: 'attached' });
    return this.tab.evaluate(clipboardText);
  }
}
