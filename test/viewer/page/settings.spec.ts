import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { DEFAULT_SETTINGS, readSettings } from '../../../src/viewer/page/model/settings.js';

describe('readSettings', () => {
  it('reads what was stored', () => {
    const stored = { theme: 'dark', timeZone: 'UTC', detailBeside: 40.5, detailBelow: 30 };
    expect(readSettings(JSON.stringify(stored))).toEqual(stored);
  });

  it.each([null, '', '{', '[]', 'null', '"dark"', '{"theme":"url(x)","detailBelow":"1"}'])(
    'has the defaults for %j',
    (text) => expect(readSettings(text)).toEqual(DEFAULT_SETTINGS),
  );

  it('leaves room for the log and the detail, whatever was stored', () => {
    fc.assert(
      fc.property(fc.double(), (size) => {
        const { detailBelow } = readSettings(`{"detailBelow":${JSON.stringify(size)}}`);
        expect(detailBelow).toBeGreaterThanOrEqual(20);
        expect(detailBelow).toBeLessThanOrEqual(80);
      }),
    );
  });
});
