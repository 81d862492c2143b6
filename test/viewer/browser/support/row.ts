import type { Locator } from 'playwright-core';
import { backdropOf, colorOf, opacityOf } from './in-page.js';

/** What is less opaque than this, the user takes for dimmed. */
const DIM = 0.6;

/** A row of one of the two lists: a request or a line. */
export class Row {
  constructor(
    readonly item: Locator,
    /** What takes the focus, and bears the colour of the session. */
    readonly target: Locator,
  ) {}

  hover(): Promise<void> {
    return this.item.hover();
  }

  click(): Promise<void> {
    return this.item.click();
  }

  /** Everything that can be read in it. */
  async text(): Promise<string> {
    return (await this.item.innerText()).replaceAll(/\s+/g, ' ').trim();
  }

  color(): Promise<string> {
    return this.target.evaluate(colorOf);
  }

  /** Another one than at rest where the row is lit up. */
  backdrop(): Promise<string> {
    return this.target.evaluate(backdropOf);
  }

  async isDim(): Promise<boolean> {
    return (await this.target.evaluate(opacityOf)) < DIM;
  }
}
