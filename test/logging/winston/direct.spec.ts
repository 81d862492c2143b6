import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports, type Logger } from 'winston';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { LineSink } from '../../support/line-sink.js';

function tracedLogger(...sinks: LineSink[]): Logger {
  return traceLogger(
    createLogger({
      format: traceJson(),
      transports: sinks.map((stream) => new transports.Stream({ stream })),
    }),
  );
}

const messagesOf = (sink: LineSink): string[] => sink.lines.map(({ message }) => message);

/** A logger whose stream has begun to flow: before, its entries wait. */
async function flowing(...sinks: LineSink[]): Promise<Logger> {
  const logger = tracedLogger(...sinks);
  await sleep(0);
  return logger;
}

describe('an entry that goes past the queues of its logger', () => {
  it('is with its transports when the call returns', async () => {
    const sinks = [new LineSink(), new LineSink()];
    const logger = await flowing(...sinks);
    logger.info('now');
    expect(sinks.map(messagesOf)).toEqual([['now'], ['now']]);
  });

  it('does not overtake those that wait', async () => {
    const sink = new LineSink();
    const logger = tracedLogger(sink);
    logger.info('before it flows');
    await sleep(0);
    logger.cork();
    logger.info('corked');
    logger.uncork();
    logger.info('last');
    await sleep(0);
    expect(messagesOf(sink)).toEqual(['before it flows', 'corked', 'last']);
  });

  it.each<[string, (logger: Logger, heard: string[]) => unknown]>([
    ['listens to it', (logger, heard) => logger.on('data', ({ message }) => heard.push(message))],
    [
      'is piped to it',
      (logger, heard) => {
        const stream = new transports.Stream({ stream: new LineSink() });
        stream.log = ({ message }: { message: string }, next: () => void) => {
          heard.push(message);
          next();
        };
        return logger.pipe(stream);
      },
    ],
  ])('is received by others that %s', async (_how, listen) => {
    const sink = new LineSink();
    const logger = await flowing(sink);
    const heard: string[] = [];
    listen(logger, heard);
    await sleep(0);
    logger.info('a');
    logger.info('b');
    await sleep(0);
    expect(heard).toEqual(['a', 'b']);
    expect(messagesOf(sink)).toEqual(['a', 'b']);
  });

  it('is not written by a silent logger', async () => {
    const sink = new LineSink();
    const logger = await flowing(sink);
    logger.silent = true;
    logger.info('not said');
    logger.silent = false;
    logger.info('said');
    expect(messagesOf(sink)).toEqual(['said']);
  });

  it('gets an error from winston when its level is unknown', async () => {
    const sink = new LineSink();
    const logger = await flowing(sink);
    const { error } = console;
    const complaints: unknown[][] = [];
    console.error = (...args: unknown[]) => complaints.push(args);
    try {
      logger.write({ level: 'shout', message: 'a' });
    } finally {
      console.error = error;
    }
    expect(complaints).toEqual([['[winston] Unknown logger level: %s', 'shout']]);
  });

  it('reaches transports that are added and removed', async () => {
    const [first, second] = [new LineSink(), new LineSink()];
    const logger = await flowing(first);
    const added = new transports.Stream({ stream: second });
    logger.info('a');
    logger.add(added);
    logger.info('b');
    logger.remove(added);
    logger.info('c');
    await sleep(0);
    expect([messagesOf(first), messagesOf(second)]).toEqual([['a', 'b', 'c'], ['b']]);
  });

  it('is finished with its logger', async () => {
    const sink = new LineSink();
    const logger = await flowing(sink);
    logger.info('a');
    const finished = new Promise((resolve) => logger.on('finish', resolve));
    logger.end();
    await finished;
    expect(messagesOf(sink)).toEqual(['a']);
  });
});
