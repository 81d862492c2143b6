import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findProgram } from '../support/programs.js';
import { ENVIRONMENT, PROGRAM } from './cli.js';

/** Runs a command with `$UNTANGLE` in it on a terminal of its own; returns what its screen gets. */
export async function onTerminal(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const script = findProgram(['script'], 'bsdutils');
  const UNTANGLE = [process.execPath, ...PROGRAM, 'untangle'].join(' ');
  const child = spawn(script, ['-qec', command, '/dev/null'], {
    env: { ...ENVIRONMENT, UNTANGLE, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (bytes) => (screen += String(bytes)));
  await once(child, 'close');
  return screen.replaceAll('\r\n', '\n');
}
