import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { filterBaggage } from '../../src/trace/baggage.js';
import { codePoint } from '../support/arbitraries.js';

const ALLOWED = new Set(['tenant', 'region']);

describe('filterBaggage', () => {
  it.each([
    ['one allowed member', 'tenant=acme', 'tenant=acme'],
    ['the allowed of several', 'tenant=acme,email=a%40b.c,region=eu', 'tenant=acme,region=eu'],
    ['properties', 'tenant=acme;ttl=60;secure', 'tenant=acme;ttl=60;secure'],
    ['no white space around members', ' tenant=acme\t, region=eu ', 'tenant=acme,region=eu'],
    ['white space in front of "="', 'tenant =acme', 'tenant =acme'],
    ['an empty value', 'tenant=', 'tenant='],
    ['good members beside a bad one', 'tenant=é,region=eu', 'region=eu'],
    ['the 64th member', `${'x=1,'.repeat(63)}tenant=acme`, 'tenant=acme'],
    ['8,192 characters', 'tenant='.padEnd(8192, 'a'), 'tenant='.padEnd(8192, 'a')],
  ])('keeps %s', (_name, header, expected) => {
    expect(filterBaggage(header, ALLOWED)).toBe(expected);
  });

  it.each([
    ['no header', undefined],
    ['several headers', ['tenant=acme']],
    ['an empty header', ''],
    ['no allowed member', 'email=a%40b.c'],
    ['a key that differs in case', 'Tenant=acme'],
    ['a key that only begins like one', 'tenant2=acme'],
    ['a member without "="', 'tenant'],
    ['a line break', 'tenant=acme\r\nset-cookie: x'],
    ['a key that is no token', 'ten ant=acme'],
    ['the 65th member', `${'x=1,'.repeat(64)}tenant=acme`],
    ['8,193 characters', 'tenant='.padEnd(8193, 'a')],
  ])('keeps nothing of %s', (_name, header) => {
    expect(filterBaggage(header, ALLOWED)).toBeUndefined();
  });

  it('keeps nothing unasked', () => {
    expect(filterBaggage('tenant=acme', new Set())).toBeUndefined();
  });

  it('never throws, and lets through printable ASCII of allowed keys alone', () => {
    const part = fc.oneof(
      fc.constantFrom('tenant=', 'region', '=', ',', ';', ' ', 'a', '%0d'),
      fc.string({ unit: codePoint, maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const kept = filterBaggage(parts.join(''), ALLOWED);
        if (kept === undefined) return;
        expect(kept).toMatch(/^[\x20-\x7e\t]+$/);
        for (const member of kept.split(',')) expect(member).toMatch(/^(tenant|region)[ \t]*=/);
      }),
      { numRuns: 1000 },
    );
  });
});
