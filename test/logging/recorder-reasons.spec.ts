import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Logger, Param } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, transports } from 'winston';
import {
  TraceContext,
  traceJson,
  type AccessLogOptions,
  type FlightRecorderOptions,
} from '../../src/index.js';
import { heldByRecordings } from '../../src/trace/recording.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

@Controller()
class EndsController {
  private readonly logger = new Logger('Ends');

  constructor(private readonly trace: TraceContext) {}

  @Get('ends/:how')
  async ends(@Param('how') how: string): Promise<string> {
    this.logger.debug(how);
    await sleep(2);
    if (how === 'slow') await sleep(60);
    if (how.includes('logged')) this.logger.error('something is wrong');
    if (how.startsWith('thrown')) throw new Error('broken');
    const status = Number.parseInt(how, 10);
    if (status >= 400) throw new HttpException('refused', status);
    return how;
  }

  @Get('keep/:when')
  async keep(@Param('when') when: string): Promise<string> {
    if (when === 'early') this.trace.keep();
    this.logger.debug('first');
    await sleep(2);
    if (when === 'span') this.trace.span('inner', () => this.trace.keep());
    if (when === 'twice') this.trace.keep();
    this.logger.debug('second');
    if (when === 'late' || when === 'twice') this.trace.keep();
    if (when === 'after') {
      setTimeout(() => {
        this.trace.keep();
        this.logger.debug('third');
        this.trace.keep();
        hasKeptAfter = true;
      }, 40);
    }
    return when;
  }
}

let hasKeptAfter = false;

afterEach(() => {
  const { bytes, recordings } = heldByRecordings();
  if (bytes + recordings !== 0) throw new Error(`${recordings} recordings are still held`);
});

function start(
  platform: Platform,
  flightRecorder: FlightRecorderOptions,
  accessLog: AccessLogOptions | false = { slowerThan: 20_000 },
): Promise<TracedApp> {
  const sink = new LineSink();
  const logger = createLogger({
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: new transports.Stream({ stream: sink }),
  });
  return tracedApp(platform, sink)
    .with({ logger, flightRecorder, accessLog })
    .of({ controllers: [EndsController] })
    .start();
}

const recorded = ({ sink }: TracedApp): string[] =>
  sink.lines.filter((line) => line['recorded'] === true).map(({ message }) => message);

const ENDS = [
  '200',
  '200 logged',
  '400',
  '401',
  '401 logged',
  '403',
  '404',
  '409',
  '418',
  '422',
  '429',
  '500',
  '503',
  'thrown',
];

describe.each(PLATFORMS)('what makes the flight recorder write, on %s', (platform) => {
  it.each<[NonNullable<FlightRecorderOptions['when']>, string[]]>([
    [['errored'], ['500', '503', 'thrown']],
    [['rejected'], ['400', '409', '418', '422']],
    [['slow'], []],
    // NestJS itself logs what is thrown and is no HttpException.
    [['error'], ['200 logged', '401 logged', 'thrown']],
    [
      ['rejected', 'error'],
      ['200 logged', '400', '401 logged', '409', '418', '422', 'thrown'],
    ],
    [[], []],
  ])('is %j alone', async (when, expected) => {
    const traced = await start(platform, { when });
    for (const how of ENDS) await traced.send(`/ends/${encodeURIComponent(how)}`);
    await traced.sink.finishes(ENDS.length);
    expect(recorded(traced)).toEqual(expected);
  });

  it.each<[NonNullable<FlightRecorderOptions['when']>, string[]]>([
    [['slow'], ['slow']],
    [['errored', 'rejected', 'error'], []],
  ])('is %j for a slow request', async (when, expected) => {
    const traced = await start(platform, { when }, { slowerThan: 50 });
    await traced.send('/ends/slow');
    const [line] = await traced.sink.finishes(1);
    expect(line!['duration_ms']).toBeGreaterThan(50);
    expect(recorded(traced)).toEqual(expected);
  });

  it('is nothing for a refused request that does not explain itself', async () => {
    const traced = await start(
      platform,
      { when: ['rejected'] },
      { explainFrom: 422, slowerThan: 20_000 },
    );
    await traced.send('/ends/409');
    await traced.send('/ends/422');
    await traced.sink.finishes(2);
    expect(recorded(traced)).toEqual(['422']);
  });

  it.each<[string, AccessLogOptions | false]>([
    ['is off', false],
    ['leaves the request out', { exclude: ['/ends/500', '/ends/200'] }],
  ])('does not depend on an access log that %s', async (_name, accessLog) => {
    const traced = await start(platform, { when: ['errored'] }, accessLog);
    await traced.send('/ends/200');
    await traced.send('/ends/500');
    await eventually(() => recorded(traced).length > 0, 'a recorded entry');
    await sleep(20);
    expect(traced.sink.lines).toMatchObject([{ message: '500', recorded: true }]);
  });

  it.each([
    ['early', ['first', 'second']],
    ['span', ['first', 'second']],
    ['twice', ['first', 'second']],
    ['late', ['first', 'second']],
    ['after', []],
    ['never', []],
  ])('is a `trace.keep()` that is called %s', async (when, expected) => {
    hasKeptAfter = false;
    const traced = await start(platform, { when: [] });
    await traced.send(`/keep/${when}`);
    await traced.sink.finishes(1);
    if (when === 'after') await eventually(() => hasKeptAfter, 'a late call');
    expect(recorded(traced)).toEqual(expected);
    expect(traced.sink.lines.at(-1)!.message).toBe('Request finished');
    // The next request does not know of it.
    await traced.send('/keep/never');
    await traced.sink.finishes(2);
    expect(recorded(traced)).toEqual(expected);
  });

  it('is no `trace.keep()` outside of a request, or without a recorder', async () => {
    const traced = await tracedApp(platform)
      .of({ controllers: [EndsController] })
      .start();
    traced.app.get(TraceContext).keep();
    expect((await traced.send('/keep/twice')).status).toBe(200);
    await traced.sink.finishes(1);
    expect(recorded(traced)).toEqual([]);
  });
});
