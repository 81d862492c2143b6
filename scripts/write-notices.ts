import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

// Writes down the licences of all that the build bundled, as those licences ask.

const FOLDERS = ['dist', 'build/modules'];
const FILE = 'dist/THIRD-PARTY-NOTICES.txt';
/** Where the bundles leave them: `build.license` of Vite. */
const LICENSES = '.licenses';
const RULE = '-'.repeat(80);

interface License {
  readonly name: string;
  readonly version: string;
  readonly identifier: string;
  readonly text?: string;
}

const bundled = new Map<string, License>();
for (const folder of FOLDERS) {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (basename(dirname(file)) !== LICENSES) continue;
    const licenses = JSON.parse(readFileSync(join(folder, file), 'utf8')) as License[];
    for (const license of licenses) bundled.set(`${license.name}@${license.version}`, license);
  }
}

const notices = [...bundled]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([id, { identifier, text }]) => {
    if (text === undefined) throw new Error(`${id} comes without the text of its licence`);
    return `${RULE}\n${id} (${identifier})\n${RULE}\n\n${text.trim()}\n`;
  });
writeFileSync(
  FILE,
  `nestjs-tracing contains code of these packages, under these licences.\n\n${notices.join('\n')}`,
);
