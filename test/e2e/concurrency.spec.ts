import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Param } from '@nestjs/common';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, format, transports, type Logger as WinstonLogger } from 'winston';
import { traceFormat, traceJson, traceLogger } from '../../src/index.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const REQUESTS = 250;
const LINES_EACH = 4;

/** A destination that collects lines, and can wait until all have arrived. */
interface Destination {
  readonly logger: WinstonLogger;
  readonly lines: () => Line[];
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A transport that is done with an entry only after a while. */
function slowTransport(lines: string[], ownFormat?: WinstonLogger['format']) {
  const transport = new transports.Console(ownFormat && { format: ownFormat });
  transport.log = (info: Record<symbol, string>, next: () => void) => {
    lines.push(info[Symbol.for('message')] ?? '');
    setTimeout(next, 1);
  };
  return transport;
}

const parse = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);

const DESTINATIONS: Record<string, () => Destination> = {
  'a slow stream'() {
    const sink = new LineSink(1);
    const logger = createLogger({
      format: traceJson(),
      transports: new transports.Stream({ stream: sink }),
    });
    return { logger, lines: () => sink.lines };
  },
  'a slow transport'() {
    const lines: string[] = [];
    const logger = createLogger({ format: traceJson(), transports: slowTransport(lines) });
    return { logger, lines: () => parse(lines) };
  },
  'a transport-level format'() {
    const lines: string[] = [];
    const logger = createLogger({
      format: format.timestamp(),
      transports: slowTransport(lines, format.combine(traceFormat(), format.json())),
    });
    return { logger, lines: () => parse(lines) };
  },
  'a File transport at start-up'() {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
    folders.push(folder);
    const filename = join(folder, 'app.log');
    const logger = createLogger({
      format: traceJson(),
      transports: new transports.File({ filename }),
    });
    return {
      logger,
      lines: () => parse(readFileSync(filename, 'utf8').split('\n').filter(Boolean)),
    };
  },
  'a child logger'() {
    const lines: string[] = [];
    const parent = createLogger({ format: format.json(), transports: slowTransport(lines) });
    return { logger: traceLogger(parent).child({ part: 'child' }), lines: () => parse(lines) };
  },
};

@Controller()
class WorkController {
  private readonly logger = new Logger(WorkController.name);

  @Get('work/:id')
  async work(@Param('id') id: string): Promise<string> {
    this.logger.log('begin', { id });
    await sleep(Number(id) % 7);
    this.logger.log('middle', { id });
    await sleep(Number(id) % 5);
    this.logger.warn('end', { id });
    return id;
  }
}

describe.each(PLATFORMS)('overlapping requests on %s', (platform) => {
  it.each(Object.keys(DESTINATIONS))('keep their ids on %s', async (name) => {
    const destination = DESTINATIONS[name]!();
    const { url } = await tracedApp(platform)
      .with({ logger: destination.logger })
      .of({ controllers: [WorkController] })
      .start();
    const requestLines = (): Line[] =>
      destination.lines().filter(({ request_id }) => request_id !== '-');

    await Promise.all(
      Array.from({ length: REQUESTS }, async (_, id) => {
        await sleep(id % 11);
        const response = await fetch(`${url}/work/${id}`, {
          headers: { 'x-request-id': `r-${id}`, 'x-session-id': `s-${id % 10}` },
        });
        expect(response.headers.get('x-request-id')).toBe(`r-${id}`);
        await response.text();
      }),
    );
    await eventually(
      () => requestLines().length >= REQUESTS * LINES_EACH,
      `${REQUESTS * LINES_EACH} lines`,
    );

    const lines = requestLines();
    expect(lines).toHaveLength(REQUESTS * LINES_EACH);
    const ids = new Map<string, number>();
    for (const line of lines) {
      ids.set(line.request_id, (ids.get(line.request_id) ?? 0) + 1);
      const id = Number(line['id'] ?? line.request_id.slice(2));
      expect(line).toMatchObject({ request_id: `r-${id}`, session_id: `s-${id % 10}` });
      if (line.message === 'Request finished') expect(line['path']).toBe(`/work/${id}`);
    }
    expect(ids.size).toBe(REQUESTS);
    expect([...ids.values()].every((count) => count === LINES_EACH)).toBe(true);
  });

  it('stay apart when clients send the same id', async () => {
    const sink = new LineSink();
    const { url } = await tracedApp(platform, sink)
      .of({ controllers: [WorkController] })
      .start();
    await Promise.all(
      Array.from({ length: 20 }, (_, id) =>
        fetch(`${url}/work/${id}`, { headers: { 'x-request-id': 'same' } }),
      ),
    );
    const finished = await sink.finishes(20);
    expect(new Set(finished.map(({ span_id }) => span_id)).size).toBe(20);
    expect(new Set(finished.map(({ path }) => path)).size).toBe(20);
    for (const line of finished) {
      const own = sink.lines.filter(({ span_id }) => span_id === line.span_id);
      expect(own).toHaveLength(LINES_EACH);
    }
  });
});
