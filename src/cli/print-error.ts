import { getSystemErrorMap } from 'node:util';
import { escapeText } from '../records/control-characters.js';

/** Writes an error message to standard error. */
export function printError(message: string): void {
  process.stderr.write(`nestjs-tracing: ${escapeText(message)}\n`);
}

/** Why something failed: the system's message for a system error, else the error's own. */
export function errorReason(error: unknown): string {
  const { errno, syscall, message } = error as NodeJS.ErrnoException;
  // Errors of zlib have an `errno` too, with other meanings.
  const isSystem = errno !== undefined && syscall !== undefined;
  const known = isSystem ? getSystemErrorMap().get(errno) : undefined;
  return known?.[1] ?? message;
}
