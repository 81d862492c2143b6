import { mkdirSync, rmSync } from 'node:fs';

// Removes what a build makes: what the sources no longer have must not be packed.

for (const folder of ['build/modules', 'build/tarball', 'build/types', 'dist']) {
  rmSync(folder, { recursive: true, force: true });
}
// `npm pack` does not make the folder that it packs to.
mkdirSync('build/tarball', { recursive: true });
