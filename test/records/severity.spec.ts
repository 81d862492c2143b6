import { describe, expect, it } from '@jest/globals';
import {
  LEVEL_NAMES,
  levelOfSeverityNumber,
  severityNumberOf,
  severityOf,
} from '../../src/records/severity.js';

describe('a level', () => {
  it.each<[string, number | undefined, number]>([
    ['trace', 0, 1],
    ['silly', 0, 1],
    ['debug', 1, 5],
    ['verbose', 1, 6],
    ['http', 2, 8],
    ['info', 2, 9],
    ['notice', 2, 10],
    ['Warning', 3, 13],
    ['ERROR', 4, 17],
    ['crit', 5, 21],
    ['emerg', 5, 21],
    ['unheard-of', undefined, 0],
    ['constructor', undefined, 0],
  ])('%s has the severity %s and the number %i', (level, severity, number) => {
    expect(severityOf(level)).toBe(severity);
    expect(severityNumberOf(level)).toBe(number);
  });

  it('has four numbers in OpenTelemetry', () => {
    const levels = Array.from({ length: 24 }, (_, index) => levelOfSeverityNumber(index + 1));
    expect(levels).toEqual(LEVEL_NAMES.flatMap((name) => [name, name, name, name]));
    for (const number of [-1, 0, 25]) expect(levelOfSeverityNumber(number)).toBeUndefined();
  });
});
