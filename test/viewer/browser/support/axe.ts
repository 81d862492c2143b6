import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TracesPage } from './traces-page.js';

interface AxeResults {
  readonly passes: readonly unknown[];
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

const require = createRequire(import.meta.url);
const SOURCE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** One that can differ between two themes. */
export const CONTRAST = ['color-contrast', 'link-in-text-block'];

/**
 * Nothing that `axe` knows of would hinder a user: not even what it calls a best practice.
 *
 * @param rules those to be checked. Default: all.
 */
export async function expectAccessible({ tab }: TracesPage, rules?: string[]): Promise<void> {
  // What the developer tools evaluate is not bound to the policy of the page.
  await tab.evaluate(SOURCE);
  const options = { ...(rules && { runOnly: rules }), preload: false, resultTypes: ['violations'] };
  const results = (await tab.evaluate(`axe.run(${JSON.stringify(options)})`)) as AxeResults;
  const flaws = results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`),
  );
  expect(flaws).toEqual([]);
  expect(results.passes.length).toBeGreaterThan(rules === undefined ? 15 : 0);
}
