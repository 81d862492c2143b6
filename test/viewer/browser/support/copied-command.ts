import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Pastes a command into a shell, in a folder with these files, and says what it writes. */
export async function inShell(
  command: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'copied-command-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
    const { stdout } = await run('sh', ['-c', command], { cwd, timeout: 10_000 });
    return stdout;
  } finally {
    await rm(cwd, { recursive: true });
  }
}
