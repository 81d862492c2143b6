import { getSystemErrorMap } from 'node:util';
import { escapeText } from '../records/control-characters.js';

/** Says on standard error what went wrong. */
export function complain(what: string): void {
  process.stderr.write(`nestjs-tracing: ${escapeText(what)}\n`);
}

/** Why something failed, in the system's words where it is the system's fault. */
export function reasonOf(error: unknown): string {
  const { errno, syscall, message } = error as NodeJS.ErrnoException;
  // zlib has numbers of its own.
  const isSystem = errno !== undefined && syscall !== undefined;
  const known = isSystem ? getSystemErrorMap().get(errno) : undefined;
  return known?.[1] ?? message;
}
