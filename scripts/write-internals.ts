import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import '../src/index.js';
import '../src/otlp/export-retries.js';
import { CLIENTS } from '../src/instrumentation/clients/clients.js';
import { INSTRUMENTATIONS } from '../src/instrumentation/instrumentations.js';
import { definedPatches } from '../src/instrumentation/patch.js';

// Writes the list of patches into docs/internals.md, from the descriptions in the source. With
// `--check` it changes nothing, and fails where the list is not up to date.

const PAGE = 'docs/internals.md';
const BEGIN = '<!-- patches: begin. Written by `npm run docs:internals`. -->';
const END = '<!-- patches: end -->';

function table(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = definedPatches().map(
    ({ package: name, target, gives, without, why }) =>
      `| \`${name}\` | \`${cell(target)}\` | ${cell(gives)} | ${cell(without)} | ${cell(why)} |`,
  );
  return [
    '| Package | What is changed | What it gives | Without it | Why no public hook serves |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

// Each defines its patches when it is loaded.
for (const { load } of Object.values(INSTRUMENTATIONS)) await load();
for (const { load } of Object.values(CLIENTS)) await load();

const page = readFileSync(PAGE, 'utf8');
const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
if (before === -1 || after === -1) throw new Error(`${PAGE} has no place for the list`);
const text = `${page.slice(0, before)}${BEGIN}\n\n${table()}\n\n${page.slice(after)}`;
const written = await format(text, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
if (!process.argv.includes('--check')) {
  writeFileSync(PAGE, written);
} else if (written !== page) {
  console.error(`${PAGE} is not up to date: run \`npm run docs:internals\``);
  process.exitCode = 1;
}
