import { describe, expect, it } from '@jest/globals';
import { headerOf, readAnswer } from './answer.js';

const HEAD = 'HTTP/1.1 200 OK\r\nX-Request-ID: r-1\r\n';
const SIZED = `${HEAD}Content-Length: 5\r\n\r\nhello`;
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n`;
const EMPTY = `${HEAD}\r\n`;

describe.each([
  ['with a length', SIZED],
  ['in chunks', CHUNKED],
  ['without a body', EMPTY],
])('an answer %s', (_, text) => {
  it('is complete with its last character, regardless of what follows', () => {
    for (let length = 0; length < text.length; length++) {
      expect(readAnswer(text.slice(0, length), false)?.isWhole ?? false).toBe(false);
    }
    const answer = readAnswer(text + SIZED, false)!;
    expect(answer).toMatchObject({ status: 200, isWhole: true, length: text.length });
    expect(headerOf(answer, 'x-request-id')).toBe('r-1');
    expect(headerOf(answer, 'x-trace-id')).toBeUndefined();
  });
});

describe('an answer', () => {
  it('to a HEAD ends with its head', () => {
    const answer = readAnswer(SIZED, true)!;
    expect(answer).toMatchObject({ isWhole: true, body: '', length: SIZED.indexOf('hello') });
  });

  it('that breaks is as long as what came', () => {
    const cut = CHUNKED.slice(0, -7);
    expect(readAnswer(cut, false)).toMatchObject({ isWhole: false, length: cut.length });
  });

  it('with a chunk of no size is never whole', () => {
    expect(readAnswer(`${HEAD}Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n`, false)).toMatchObject({
      isWhole: false,
    });
  });

  it('says whether it is the last', () => {
    expect(readAnswer(EMPTY, false)?.isLast).toBe(false);
    expect(readAnswer(`${HEAD}Connection: close\r\n\r\n`, false)?.isLast).toBe(true);
  });
});
