/** An error, or one that caused it, as its text shows it. */
export interface ErrorPart {
  /** Its class and its whole message, which may have several lines. */
  readonly title: string;
  /** The frames of the application's own code, the innermost first. */
  readonly ownFrames: readonly string[];
  /** How many frames it has in all. */
  readonly frames: number;
}

/** A text from outside could name any number of causes. */
const MAX_PARTS = 10;
const CAUSE = '\ncaused by:\n';
const FRAME = /^\s*at /;
/** Frames of packages, and of Node itself. */
const FOREIGN = /[\\/]node_modules[\\/]|\(?node:|\(<anonymous>\)|\(native\)/;

/** The parts of an error's text: the error first, then its causes. */
export function errorParts(text: string): readonly ErrorPart[] {
  return text.split(CAUSE, MAX_PARTS).map(partOf);
}

function partOf(text: string): ErrorPart {
  const lines = text.trim().split('\n');
  const first = lines.findIndex((line) => FRAME.test(line));
  const frames = lines.filter((line) => FRAME.test(line));
  return {
    title: lines.slice(0, first === -1 ? undefined : first).join('\n'),
    ownFrames: frames.filter((frame) => !FOREIGN.test(frame)).map((frame) => frame.trim()),
    frames: frames.length,
  };
}
