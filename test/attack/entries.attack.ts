import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { createLogger, transports, type Logger as WinstonLogger } from 'winston';
import { TraceContext } from '../../src/index.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS } from '../support/traced-app.js';
import { attackedApp, type AttackedApp } from './attacked-app.js';
import {
  CALL_SHAPES,
  ENTRY_ATTACKS,
  FORGED,
  ID_NAMES,
  LARGE_ENTRY_ATTACKS,
  LINE_FORMATS,
  type CallShape,
  type EntryAttack,
  type LineFormat,
} from './entry-attacks.js';
import { duplicateKeys } from './json-keys.js';

/** What a line may have at most, its end not counted. */
const MOST_BYTES = 64 * 1024;
/** Of the processor's time for one call: a machine that has other things to do is slow, not broken. */
const MOST_MS = 750;
/** What must not be in a line as it is: it ends lines, drives terminals, or turns text around. */
const CONTROL =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** What one request writes, and how that went. */
interface Writing {
  readonly shapes: readonly CallShape[];
  readonly value: unknown;
  readonly faults: string[];
}

let writing: Writing | undefined;
let winston: WinstonLogger | undefined;

@Controller()
class EntryController {
  private readonly nest = new Logger('Entries');
  constructor(private readonly trace: TraceContext) {}

  @Get()
  write(): string {
    const { shapes, value, faults } = writing!;
    const loggers = { nest: this.nest, winston: winston!, trace: this.trace };
    for (const { name, write } of shapes) {
      const startedAt = process.cpuUsage();
      try {
        write(loggers, value);
      } catch (error) {
        faults.push(`${name} threw ${String(error)}`);
      }
      const { user, system } = process.cpuUsage(startedAt);
      const took = (user + system) / 1000;
      if (took > MOST_MS) faults.push(`${name} took ${Math.round(took)} ms`);
    }
    return 'ok';
  }
}

const THEMES = { entries: ENTRY_ATTACKS, 'large entries': LARGE_ENTRY_ATTACKS };

for (const [theme, attacks] of Object.entries(THEMES)) {
  describe.each(PLATFORMS)(`${theme} on %s`, (platform) => {
    describe.each(LINE_FORMATS)(`as $name`, (lineFormat) => {
      const attacked = attackedApp(platform, (app) => {
        winston = createLogger({
          level: 'silly',
          format: lineFormat.make(),
          transports: [new transports.Stream({ stream: attacked.sink })],
        });
        return app.with({ logger: winston, console: true }).of({ controllers: [EntryController] });
      });

      it.each(attacks)('$name', async (attack) => {
        expect(await expectHarmless(attack, lineFormat, attacked)).toBeUndefined();
      });
    });
  });
}

let count = 0;

async function expectHarmless(
  { make, shapes }: EntryAttack,
  { requestId, isOurs = true }: LineFormat,
  { sink, url, app }: AttackedApp,
): Promise<void> {
  sink.clear();
  const id = `entry-${++count}`;
  const faults: string[] = [];
  const written = CALL_SHAPES.filter(({ name }) => shapes?.includes(name) ?? true);
  writing = { shapes: written, value: make(app), faults };
  const { status } = await fetch(url, { headers: { 'x-request-id': id } });
  writing = undefined;
  expect([status, faults]).toEqual([200, []]);
  await eventually(
    () => sink.raw.some((line) => line.includes('Request finished')),
    'the access log line',
  );
  // One entry for each call, and the access log line. The stack of an error is below its entry in text.
  const entries = requestId === undefined ? entriesOf(sink.raw) : sink.raw;
  expect(entries).toHaveLength(written.length + 1);
  for (const line of entries) {
    if (isOurs) {
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MOST_BYTES);
      expect(CONTROL.exec(line)).toBeNull();
    }
    if (requestId === undefined) expect(line).toContain(`[req=${id}|`);
    else expectOwnIds(line, requestId, id);
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

/** Puts the lines that begin with white space, which no entry does, to the entry above them. */
function entriesOf(lines: readonly string[]): string[] {
  const entries: string[] = [];
  for (const line of lines) {
    if (/^\s/.test(line) && entries.length > 0) entries.push(`${entries.pop()}\n${line}`);
    else entries.push(line);
  }
  return entries;
}

function expectOwnIds(line: string, name: string, id: string): void {
  expect(duplicateKeys(line)).toEqual([]);
  const entry = JSON.parse(line) as Record<string, unknown>;
  expect(entry[name]).toBe(id);
  expect(ID_NAMES.filter((one) => Object.hasOwn(entry, one) && entry[one] === FORGED)).toEqual([]);
}
