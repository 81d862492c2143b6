import { writeFileSync } from 'node:fs';
import { API_PAGE, apiPage } from '../test/docs/api-page.js';
import { Declarations } from '../test/docs/declarations.js';
import { installPackage } from '../test/docs/installed.js';

// Writes the list of exported names, from the types of the last build. A test compares the page with
// the packed tarball.

const installed = installPackage('.', 'names');
const declarations = new Declarations(installed.package, installed.entries);
writeFileSync(API_PAGE, apiPage(declarations));
