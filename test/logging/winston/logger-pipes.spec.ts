import { describe, expect, it } from '@jest/globals';
import { createLogger, transports, type Logger } from 'winston';
import { guardFormat } from '../../../src/logging/winston/guarded-format.js';
import { LoggerPipes } from '../../../src/logging/winston/logger-pipes.js';
import { traceLogger } from '../../../src/index.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();
const warnings = (): string[] => warn.mock.calls.map(([message]) => String(message));

/** A logger as a later winston might have it: some members are missing. */
function without(...names: string[]): Logger {
  const logger = createLogger({ level: 'info', transports: [new transports.Console()] });
  const missing = Object.fromEntries(names.map((name) => [name, { value: undefined }]));
  // winston's own list of transports reads its state too.
  const listed = { value: logger.transports };
  return Object.create(logger, { ...missing, transports: listed }) as Logger;
}

describe('a logger with another shape than expected', () => {
  it.each(['_readableState', '_writableState'])(
    'is read through its public API, and one warning says so: %s',
    (name) => {
      for (let i = 0; i < 2; i++) {
        const logger = without(name);
        const pipes = new LoggerPipes(logger);
        expect(pipes.transports).toEqual(logger.transports);
        expect(pipes.isIdle).toBe(false);
        expect([pipes.isWritten('info'), pipes.isWritten('debug')]).toEqual([true, false]);
      }
      expect(warnings()).toEqual([
        expect.stringMatching(/winston 3\.\d+\.\d+ has another shape .*log lines take longer/),
      ]);
    },
  );

  it('stays as it is, and one warning for each change says so', () => {
    const logger = { on: () => {}, transports: [], levels: {} } as unknown as Logger;
    for (let i = 0; i < 2; i++) expect(traceLogger(logger)).toBe(logger);
    expect(Object.keys(logger)).toEqual(['on', 'transports', 'levels']);
    guardFormat(logger);
    expect(warnings()).toEqual([
      expect.stringMatching(/winston 3\.\d+\.\d+ .*log lines have no ids \(write of a logger/),
      expect.stringMatching(/winston 3\.\d+\.\d+ .*a format that throws costs the line \(/),
    ]);
  });
});
