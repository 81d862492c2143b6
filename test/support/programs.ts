import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where programs of the system are that are not on everybody's path. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];

/**
 * The file of a program of the system; the first of its names that is found counts.
 *
 * @throws {Error} which says how it is installed.
 */
export function findProgram(names: readonly string[], debianPackage: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS];
  const places = names.flatMap((name) =>
    name.startsWith('/') ? [name] : folders.map((folder) => join(folder, name)),
  );
  const found = places.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(`${names.at(-1)} is not installed (Debian: apt-get install ${debianPackage})`);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
