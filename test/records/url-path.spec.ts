import { expect, it } from '@jest/globals';
import { pathOf } from '../../src/records/url-path.js';

it.each([
  ['/a?b=c', '/a'],
  ['/a#b', '/a'],
  ['/a?next=https://example.com/b', '/a'],
  ['//host/a', '//host/a'],
  ['https://example.com/a?b', '/a'],
  ['HTTPS://user:secret@example.com:8080/a/b', '/a/b'],
  ['https://example.com', '/'],
  ['https://example.com?a=b', '/'],
  ['*', '*'],
  ['', ''],
])('the path of “%s” is “%s”', (url, path) => {
  expect(pathOf(url)).toBe(path);
});
