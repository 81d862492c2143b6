import { LEVEL_NAMES } from '../../records/severity.js';

/** Puts the codes of a terminal's colours around a text; without colours, returns it unchanged. */
export type Paint = (code: string, text: string) => string;

export const DIM = '2';
export const BOLD = '1';
export const RED = '31';
export const YELLOW = '33';
const GREEN = '32';
const CYAN = '36';

/** By severity. */
const LEVEL_COLORS: readonly string[] = [DIM, DIM, GREEN, YELLOW, RED, RED];

// Of the 256 colours of terminals: distinct, and readable on black and on white.
const SESSION_COLORS: readonly string[] = [
  ...['33', '170', '36', '172', '135', '71', '204', '67', '136', '99', '30', '168'],
].map((color) => `38;5;${color}`);

export const plain: Paint = (_code, text) => text;
export const colored: Paint = (code, text) => `\u001b[${code}m${text}\u001b[0m`;

/** Whether to use colours: as the option says, else the environment, else only on a terminal. */
export function wantsColors(
  asked: boolean | undefined,
  env: NodeJS.ProcessEnv,
  isTerminal: boolean,
): boolean {
  if (asked !== undefined) return asked;
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

export function levelColor(severity: number): string {
  return LEVEL_COLORS[severity] ?? CYAN;
}

/** The colour of a session: the same in every run. */
export function sessionColor(session: string | undefined): string {
  if (session === undefined) return DIM;
  let sum = 0;
  for (let i = 0; i < session.length; i++) sum = (sum * 31 + session.charCodeAt(i)) >>> 0;
  return SESSION_COLORS[sum % SESSION_COLORS.length]!;
}

/** Characters of the longest name of a level. */
export const WIDEST_LEVEL = Math.max(...LEVEL_NAMES.map((name) => name.length));
