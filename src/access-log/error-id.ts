import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isError, readProperty } from '../records/json-value.js';
import { isOwnFrame } from '../records/own-frames.js';

/** How many of the application's frames count: fewer than any stack that is kept has. */
const MAX_FRAMES = 5;
const MAX_CAUSES = 4;
const HEX_DIGITS = 12;
/** What a stack is read of at most. */
const MAX_STACK = 16_384;

const FRAME = /^\s+at (?:async )?(?:(.*) \()?(.*?):\d+:\d+\)?$/;
/** Folders that differ between the sources and a build, and the hash in the name of a chunk. */
const BUILD_FOLDERS = /(?<=^|\/)(?:(?:src|dist|build|out|lib|esm|cjs)\/)+/g;
const CHUNK_HASH = /[.-](?=[\dA-Za-z_]*\d)[\dA-Za-z_]{8,}$/;
const EXTENSION = /\.[cm]?[jt]sx?$/;

/**
 * A fingerprint of an error: the same for all errors of one type from one place of the application's
 * code, whatever their messages are. It consists of the types and codes of the error and its causes,
 * and of functions and files of the application's innermost frames: no lines and columns, and files
 * as they are below the nearest `package.json`, so that it is the same in the next release, on
 * another machine, and in a build.
 *
 * @param place what failed, which counts where no frame is the application's.
 * @param before what counts as the cause of an error that names none.
 */
export function errorId(error: unknown, place: string | undefined, before?: unknown): string {
  const hash = createHash('sha256');
  let frames: readonly string[] = [];
  let reason: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES; depth++) {
    hash.update(`${typeOf(reason)}\n`);
    if (!isError(reason)) break;
    if (frames.length === 0) frames = applicationFrames(reason);
    reason = readProperty(reason, 'cause') ?? (depth === 0 ? before : undefined);
    if (reason === undefined || reason === null) break;
  }
  hash.update(frames.length > 0 ? frames.join('\n') : `in ${place ?? ''}`);
  return hash.digest('hex').slice(0, HEX_DIGITS);
}

/** The type of what was thrown, and its code, which tells errors of one class apart. */
function typeOf(reason: unknown): string {
  if (typeof reason !== 'object' || reason === null) return typeof reason;
  const name = readProperty(reason, 'name');
  const code = readProperty(reason, 'code');
  const isNamed = typeof name === 'string' && name !== '' && name !== 'Error';
  return `${isNamed ? name : classOf(reason)} ${typeof code === 'string' || typeof code === 'number' ? code : ''}`;
}

function classOf(reason: object): string {
  const name = readProperty(Object(readProperty(reason, 'constructor')) as object, 'name');
  return typeof name === 'string' && name !== '' ? name : 'Object';
}

/** The innermost frames that are in the application's own files. */
function applicationFrames(error: Error): string[] {
  const frames: string[] = [];
  const stack = readProperty(error, 'stack');
  if (typeof stack !== 'string') return frames;
  // A message may have lines that look like frames.
  const message = readProperty(error, 'message');
  const at = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1;
  const start = at === -1 ? 0 : at + String(message).length;
  for (const line of stack.slice(start, start + MAX_STACK).split('\n')) {
    const [, name = '', place = ''] = FRAME.exec(line) ?? [];
    if (place === '' || isOwnFrame(line) || isForeign(place)) continue;
    frames.push(`${name.replace(/ \[as .*\]$/, '')} ${fileOf(place)}`);
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

/** Whether a line of a stack is a frame in a file of the application's own. */
export function isApplicationFrame(line: string): boolean {
  const place = FRAME.exec(line)?.[2];
  return place !== undefined && !isOwnFrame(line) && !isForeign(place);
}

function isForeign(place: string): boolean {
  return (
    place.startsWith('node:') ||
    place.startsWith('<anonymous>') ||
    /[\\/]node_modules[\\/]|[\\/]\.pnpm[\\/]/.test(place)
  );
}

/** By the place in a stack, as there are few. Emptied when it is full. */
const files = new Map<string, string>();
const MAX_FILES = 1000;
const MAX_PLACE = 1000;

function fileOf(place: string): string {
  const known = files.get(place);
  if (known !== undefined) return known;
  const file = relativeFile(place);
  if (files.size === MAX_FILES) files.clear();
  if (place.length <= MAX_PLACE) files.set(place, file);
  return file;
}

function relativeFile(place: string): string {
  const path = pathOfPlace(place);
  const root = rootOf(path);
  return path
    .slice(root.length)
    .replaceAll('\\', '/')
    .replace(/^\/+/, '')
    .replace(BUILD_FOLDERS, '')
    .replace(EXTENSION, '')
    .replace(CHUNK_HASH, '');
}

function pathOfPlace(place: string): string {
  const [path = ''] = place.split('?');
  try {
    return path.startsWith('file:') ? fileURLToPath(path) : path;
  } catch {
    // No URL of a file.
    return path;
  }
}

/** The folder of the nearest `package.json` that has more to say than the type of its modules. */
function rootOf(path: string): string {
  let folder = dirname(path);
  for (;;) {
    const parent = dirname(folder);
    if (parent === folder) return path.startsWith(process.cwd()) ? process.cwd() : '';
    if (existsSync(join(folder, 'package.json')) && !/[\\/](?:esm|cjs|dist|build)$/.test(folder)) {
      return folder;
    }
    folder = parent;
  }
}
