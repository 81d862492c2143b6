import { answerParent, programArguments } from './counted-host.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { loggers } from '../lines/loggers.js';

const name = programArguments[0] ?? '';
const logger = await loggers[name]?.();
if (logger === undefined) throw new Error(`No logger is called ${name}`);

await logger.within(() => answerParent(0, write));

/** Each in a turn of its own. */
async function write(lines: number): Promise<void> {
  for (let written = 0; written < lines; written++) {
    logger!.write(`Charging payment ${written % 10}`);
    await nextTurn();
  }
}
