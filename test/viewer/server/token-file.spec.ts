import { afterEach, beforeEach, expect, it } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectToken } from '../../../src/viewer/server/token-file.js';

const TOKEN = /^[0-9a-f]{48}$/;
let project: string;
let folder: string;
let file: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'viewer-token-'));
  folder = join(project, 'node_modules/.cache/nestjs-tracing');
  file = join(folder, 'viewer-token');
  mkdirSync(join(project, 'node_modules'));
  process.env['XDG_CACHE_HOME'] = join(project, 'cache');
});

const { XDG_CACHE_HOME } = process.env;
afterEach(() => {
  rmSync(project, { recursive: true, force: true });
  if (XDG_CACHE_HOME === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = XDG_CACHE_HOME;
});

it('is kept for the next start, where only this user reads it', () => {
  const token = projectToken(project);
  expect(token).toMatch(TOKEN);
  expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(readFileSync(file, 'utf8')).toBe(token);
  expect(projectToken(project)).toBe(token);
  mkdirSync(join(project, 'apps/shop'), { recursive: true });
  expect(projectToken(join(project, 'apps/shop'))).toBe(token);
  expect(readdirSync(folder)).toEqual(['viewer-token']);
});

it.each<[string, () => void]>([
  ['empty', () => writeFileSync(file, '', { mode: 0o600 })],
  ['cut', () => writeFileSync(file, 'a'.repeat(47), { mode: 0o600 })],
  ['too long', () => writeFileSync(file, 'a'.repeat(4_000_000), { mode: 0o600 })],
  ['no token', () => writeFileSync(file, 'z'.repeat(48), { mode: 0o600 })],
  ['a folder', () => mkdirSync(file)],
])('is replaced where the file is %s', (_what, damage) => {
  mkdirSync(folder, { recursive: true });
  damage();
  const token = projectToken(project);
  expect(token).toMatch(TOKEN);
  expect([projectToken(project), readFileSync(file, 'utf8')]).toEqual([token, token]);
});

it('is not one that others may read or write', () => {
  const known = projectToken(project);
  chmodSync(file, 0o644);
  const token = projectToken(project);
  expect(token).not.toBe(known);
  expect([projectToken(project), statSync(file).mode & 0o777]).toEqual([token, 0o600]);
});

it('is not read through a link, and what the link leads to stays', () => {
  const planted = join(project, 'planted');
  writeFileSync(planted, 'a'.repeat(48), { mode: 0o600 });
  mkdirSync(folder, { recursive: true });
  symlinkSync(planted, file);
  expect(projectToken(project)).not.toBe('a'.repeat(48));
  expect(readFileSync(planted, 'utf8')).toBe('a'.repeat(48));
});

it('is kept in the cache of the user where the project has no folder for it', () => {
  const elsewhere = join(project, 'elsewhere');
  mkdirSync(elsewhere);
  mkdirSync(join(project, 'node_modules/.cache'));
  symlinkSync(elsewhere, folder);
  const token = projectToken(project);
  expect(token).toMatch(TOKEN);
  expect(readdirSync(elsewhere)).toEqual([]);
  rmSync(join(project, 'node_modules'), { recursive: true });
  mkdirSync(join(project, 'node_modules'));
  writeFileSync(join(project, 'node_modules/.cache'), '');
  expect(projectToken(project)).toBe(token);
  rmSync(join(project, 'node_modules'), { recursive: true });
  expect(projectToken(project)).toBe(token);
  expect(existsSync(join(project, 'node_modules'))).toBe(false);
  // Another project has another one.
  expect(projectToken(elsewhere)).not.toBe(token);
  const own = join(project, 'cache/nestjs-tracing');
  const [name] = readdirSync(own);
  const modes = [own, join(own, name!), join(own, name!, 'viewer-token')].map(
    (path) => statSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o600]);
});

it('is not kept where nothing can be written', () => {
  rmSync(join(project, 'node_modules'), { recursive: true });
  writeFileSync(join(project, 'cache'), '');
  expect(projectToken(project)).toMatch(TOKEN);
  expect(projectToken(project)).not.toBe(projectToken(project));
});
