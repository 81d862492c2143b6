import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { escapeText } from '../../../src/records/control-characters.js';
import { visibleLines, visibleText } from '../../../src/viewer/page/text/visible-text.js';
import { codePoint } from '../../support/arbitraries.js';

describe('text from outside', () => {
  it('shows controls, ANSI escapes and bidi characters as what they are', () => {
    expect(visibleText('\u001b[31mred\u001b[0m')).toBe(String.raw`\u001b[31mred\u001b[0m`);
    expect(visibleText('\u202egnp.exe\u2066')).toBe(String.raw`\u202egnp.exe\u2066`);
    expect(visibleText('a\nb\r\tc')).toBe(String.raw`a\nb\r\tc`);
    expect(visibleText('<b>Grüße 👋</b>')).toBe('<b>Grüße 👋</b>');
  });

  it('is shown as the log text shows it', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        expect(visibleText(text)).toBe(escapeText(text));
      }),
    );
    const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join('');
    expect(visibleText(all)).toBe(escapeText(all));
  });

  it('keeps the lines of a stack, and nothing else', () => {
    expect(visibleLines('Error: x\u0007\n\tat y\r\n')).toBe(`Error: x\\u0007\n  at y\\r\n`);
  });
});
