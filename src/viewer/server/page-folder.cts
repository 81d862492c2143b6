import { existsSync } from 'node:fs';
import { join } from 'node:path';

// A CommonJS file in both builds, because only `__dirname` works in both.
const BESIDE_BUILDS = join(__dirname, '../../../viewer-page');
const FROM_SOURCE = join(__dirname, '../../../dist/viewer-page');

/** Where the built page is. */
export const PAGE_FOLDER = existsSync(BESIDE_BUILDS) ? BESIDE_BUILDS : FROM_SOURCE;
