import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The path of this module, by which the folder of the package is found. */
const THIS_MODULE =
  /^(.*[\\/])(?:dist[\\/](?:esm|cjs)[\\/]internal|src[\\/]records)[\\/]own-frames\.[jt]s$/;
const PLACE = /(file:\/\/.*|\/.*|[A-Za-z]:\\.*):\d+:\d+/;
/** One frame of a stack, as V8 prints it. */
const FRAME = /^\s+at /;
/** What runs a function in an async context: between two frames of this package, it is no other's. */
const CARRIER =
  /^\s+at (?:async )?(?:AsyncLocalStorage|AsyncContextFrame|AsyncResource|ContextAPI|AbstractAsyncHooksContextManager|AsyncLocalStorageContextManager|AsyncHooksContextManager|Reflect)\./;

/**
 * A stack without the frames of this package: one for each method that is traced, and more. Lines
 * that are not frames stay, and so does a stack that would have no frame left.
 */
export function withoutOwnFrames<T>(stack: T): T | string {
  if (typeof stack !== 'string' || !OWN.some((place) => stack.includes(place))) return stack;
  const lines = stack.split('\n');
  const kept: string[] = [];
  let isBelowOwn = false;
  let hasFrame = false;
  // From the outermost frame on: a carrier is ours if the frame that has called it is.
  for (const line of lines.toReversed()) {
    const isFrame = FRAME.test(line);
    isBelowOwn = isFrame && (isOwnFrame(line) || (isBelowOwn && CARRIER.test(line)));
    if (isBelowOwn) continue;
    hasFrame ||= isFrame;
    kept.push(line);
  }
  return hasFrame ? kept.toReversed().join('\n') : stack;
}

/** Whether a line of a stack is a frame of this package. */
export function isOwnFrame(line: string): boolean {
  return OWN.some((place) => line.includes(place));
}

/**
 * How the names of this package's files begin, as paths and as URLs. They are read from a stack, as
 * `import.meta` does not exist in CommonJS. None in an application that is bundled into one file: its
 * frames cannot be told from those of this package.
 */
function ownPlaces(): readonly string[] {
  const place = PLACE.exec(firstFrame())?.[1];
  if (place === undefined) return [];
  const path = place.startsWith('file:') ? fileURLToPath(place) : place;
  const folder = THIS_MODULE.exec(path)?.[1];
  if (folder === undefined) return [];
  return ['dist', 'src'].flatMap((name) => {
    const own = join(folder, name, sep);
    const url = pathToFileURL(own).href;
    return url.endsWith(own) ? [own] : [own, url];
  });
}

function firstFrame(): string {
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = 1;
    const { stack } = new Error('of this module');
    Error.stackTraceLimit = limit;
    return String(stack);
  } catch {
    // `Error` is frozen.
    return '';
  }
}

const OWN = ownPlaces();
