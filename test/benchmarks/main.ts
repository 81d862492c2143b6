import { openSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { parseArgs } from 'node:util';
import { clientsSection } from './clients/clients-section.js';
import { inFlightSection } from './in-memory/in-flight-section.js';
import { partsSection, requestsSection, viewerSection } from './in-memory/requests-section.js';
import { linesSection } from './lines/lines-section.js';
import { currentNode, installNodes } from './nodes.js';
import type { Findings, Run, Section } from './run.js';
import { scaleSection } from './scale/scale-section.js';
import { socketsSection } from './sockets/sockets-section.js';
import { spansSection } from './spans/spans-section.js';
import { startupSection } from './startup/startup-section.js';
import { machine, versions } from './surroundings.js';
import { untangleSection } from './untangle/untangle-section.js';

/** Each is selected with its name as a flag. */
const sections = {
  requests: requestsSection,
  lines: linesSection,
  spans: spansSection,
  clients: clientsSection,
  'in-flight': inFlightSection,
  scale: scaleSection,
  startup: startupSection,
  untangle: untangleSection,
  viewer: viewerSection,
  parts: partsSection,
  sockets: socketsSection,
} as const satisfies Record<string, Section>;

type SectionName = keyof typeof sections;
const names = Object.keys(sections) as SectionName[];

/** Where `npm run bench` and `npm run bench -- --sockets` leave their tables. */
const files = { all: 'results.md', sockets: 'results-sockets.md' } as const;

const allMajors = ['20', '22', '24', '26'];
const newestMajors = ['24', '26'];

const { values: flags } = parseArgs({
  options: {
    /** For CI: every check on the Node of this process, and figures that are not to be believed. */
    quick: { type: 'boolean', default: false },
    /** The versions of Node, as `24,26`. */
    node: { type: 'string' },
    ...Object.fromEntries(names.map((name) => [name, { type: 'boolean' as const }])),
  },
});

const selected = names.filter((name) => name in flags);
const isAll = selected.length === 0;
const output = openSync(devNull, 'w');
const usedVersions = new Set<string>();
const found: Findings[] = [];
for (const name of isAll ? names.filter((name) => name !== 'sockets') : selected) {
  found.push(await sections[name](runFor(name)));
}

const text = report(found);
console.log(`\n${text}`);
const isForGood = !flags.quick && flags.node === undefined;
if (isForGood && isAll) keep(files.all);
if (isForGood && selected.length === 1 && selected[0] === 'sockets') keep(files.sockets);
process.exitCode = found.some(({ failures }) => failures.length > 0) ? 1 : 0;

function runFor(name: SectionName): Run {
  const majors = flags.node?.split(',') ?? (name === 'requests' ? allMajors : newestMajors);
  const nodes = flags.quick && flags.node === undefined ? [currentNode] : installNodes(majors);
  for (const { version } of nodes) usedVersions.add(version.slice(1));
  return { nodes, isQuick: flags.quick, output, announce };
}

/** Everything that was found. Absolute numbers are this machine's; ratios travel. */
function report(found: readonly Findings[]): string {
  const failures = found.flatMap((one) => one.failures);
  return [
    '# Benchmarks',
    `${machine()}, Node ${[...usedVersions].join(', ')}, ${new Date().toISOString().slice(0, 10)}.`,
    ...(flags.quick
      ? ['Sizes of `--quick`: neither the figures nor what is said of them are to be believed.']
      : []),
    ...found.flatMap((one) => one.text),
    ...(failures.length > 0
      ? ['## Failing', failures.map((failure) => `- ${failure}`).join('\n')]
      : []),
    '## Versions',
    `${versions()}.\n`,
  ].join('\n\n');
}

function keep(file: string): void {
  writeFileSync(new URL(`../../test/benchmarks/${file}`, import.meta.url), text);
}

// Progress is not output: `npm run bench > file` keeps the tables alone.
function announce(progress: string): void {
  process.stderr.write(`${progress}\n`);
}
