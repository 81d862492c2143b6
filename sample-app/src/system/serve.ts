import { once } from 'node:events';
import { SYSTEM_COLUMNS, systemLine } from '../terminal/log-line.js';
import { heading, print } from '../terminal/terminal.js';
import type { System } from './system.js';
import { thingsToTry } from './things-to-try.js';

/** Shows the log of all processes until Ctrl+C. It fails when the process with the page ends. */
export async function serve(system: System): Promise<void> {
  const isAsked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  print(heading(`Try it yourself: serving on ${system.urls.gateway} until Ctrl+C`));
  print(thingsToTry(system.urls));
  print(heading(`See it: ${system.urls.page}`));
  print(SYSTEM_COLUMNS);
  system.on('line', (entry) => print(systemLine(entry)));
  const failure = await Promise.race([isAsked.then(() => undefined), system.pageEnded()]);
  if (failure !== undefined) throw new Error(failure);
}
