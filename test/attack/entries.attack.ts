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
/** For one call, on a machine that has other things to do. */
const MOST_MS = 1000;
/** How an entry begins in the text format; the lines of a stack are behind it. */
const TEXT_HEAD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - [A-Z]+ - \[req=/;
/** What must not be in a line as it is: it ends lines, drives terminals, or turns text around. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

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
      const startedAt = performance.now();
      try {
        write(loggers, value);
      } catch (error) {
        faults.push(`${name} threw ${String(error)}`);
      }
      const took = performance.now() - startedAt;
      if (took > MOST_MS) faults.push(`${name} took ${Math.round(took)} ms`);
    }
    return 'ok';
  }
}

const THEMES = [
  { theme: 'entries', attacks: ENTRY_ATTACKS },
  { theme: 'large entries', attacks: LARGE_ENTRY_ATTACKS },
];

describe.each(THEMES)('$theme', ({ attacks }) => {
  describe.each(PLATFORMS)('on %s', (platform) => {
    describe.each(LINE_FORMATS)('as $name', (lineFormat) => {
      const attacked = attackedApp(platform, (app) => {
        winston = createLogger({
          level: 'silly',
          format: lineFormat.make(),
          transports: [new transports.Stream({ stream: attacked.sink })],
        });
        return app.with({ logger: winston, console: true }).of({ controllers: [EntryController] });
      });

      it.each(attacks)('$name', async (attack) => {
        expect(await faultsOf(attack, lineFormat, attacked)).toEqual([]);
      });
    });
  });
});

let count = 0;

/** Writes the entry, checks its lines, and returns the calls that threw or took too long. */
async function faultsOf(
  { make, shapes }: EntryAttack,
  { requestId, isOurs = true }: LineFormat,
  { sink, url, app }: AttackedApp,
): Promise<string[]> {
  sink.clear();
  const id = `entry-${++count}`;
  const faults: string[] = [];
  const written = CALL_SHAPES.filter(({ name }) => shapes?.includes(name) ?? true);
  writing = { shapes: written, value: make(app), faults };
  const { status } = await fetch(url, { headers: { 'x-request-id': id } });
  writing = undefined;
  expect(status).toBe(200);
  await eventually(
    () => sink.raw.some((line) => line.includes('Request finished')),
    'the access log line',
  );
  // One for each call, and the access log line.
  const entries = requestId === undefined ? textEntries(sink.raw) : sink.raw;
  expect(entries).toHaveLength(written.length + 1);
  for (const line of entries) {
    if (isOurs) {
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MOST_BYTES);
      expect(CONTROL.exec(line.replaceAll('\n', ''))).toBeNull();
    }
    if (requestId === undefined) expect(line).toContain(`[req=${id}|`);
    else expectOwnIds(line, requestId, id);
  }
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  return faults;
}

function expectOwnIds(line: string, name: string, id: string): void {
  expect(duplicateKeys(line)).toEqual([]);
  const entry = JSON.parse(line) as Record<string, unknown>;
  expect(entry[name]).toBe(id);
  expect(ID_NAMES.filter((one) => Object.hasOwn(entry, one) && entry[one] === FORGED)).toEqual([]);
}

/** Entries of the text format, each with the stack behind it. */
function textEntries(lines: readonly string[]): string[] {
  const entries: string[] = [];
  for (const line of lines) {
    if (TEXT_HEAD.test(line) || entries.length === 0) entries.push(line);
    else entries[entries.length - 1] += `\n${line}`;
  }
  return entries;
}
