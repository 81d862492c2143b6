import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Notes each ES module that a process loads in the file `LOADED_LOG`. `node --import` it.

if (isMainThread) register(import.meta.url);

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  appendFileSync(process.env['LOADED_LOG'] ?? '', `${url}\n`);
  return nextLoad(url, context);
}
