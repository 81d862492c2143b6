import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ViewRequest } from '../../../src/viewer/view-records.js';
import { asCurl, asGrep, asJson, asUntangle } from '../../../src/viewer/page/model/copy-formats.js';
import { serverOrigin } from '../../../src/viewer/server-address.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { codePoint } from '../../support/arbitraries.js';
import { aLine, aRequest, aSpan } from '../view-records.js';

const ORIGIN = 'http://localhost:3000';
// What drives terminals, ends lines or shows text in another order. A newline may be in JSON
// that is laid out, and in no command.
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

function shown(overrides: Partial<ViewRequest> = {}) {
  const store = new ViewStore();
  store.add([aRequest('1', { requestId: 'req-001', sessionId: 'alice', ...overrides })]);
  return { store, request: store.requests[0]! };
}

function curlOf(overrides: Partial<ViewRequest> = {}): string | undefined {
  return asCurl(shown(overrides).request, { service: 'shop', origin: ORIGIN });
}

/** The words that a program would be started with, as a real shell reads them. */
function wordsOf(command: string): string[] {
  const [program] = command.split(' ');
  const script = `${program}() { printf '%s\\0' "$@"; }; ${command}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('asCurl', () => {
  it('has the method, the path and the session, and leaves the id to be a new one', () => {
    expect(curlOf({ method: 'POST', path: '/api/payment' })).toBe(
      "curl -X POST 'http://localhost:3000/api/payment' -H 'X-Session-ID: alice'",
    );
  });

  it('goes to the service of the request, wherever the page is', () => {
    const other = { service: 'ledger', serverOrigin: 'http://localhost:4000' };
    expect(curlOf(other)).toMatch(/^curl 'http:\/\/localhost:4000\/' /);
    expect(curlOf({ service: 'ledger' })).toMatch(/^curl 'http:\/\/localhost:PORT\/' /);
    expect(asCurl(shown().request, undefined)).toMatch(/^curl 'http:\/\/localhost:PORT\/' /);
  });

  it('has the query, in which what was masked can be seen', () => {
    const query = { page: '3', q: ["a b&'c", '[x]'], token: '[redacted]', mail: '[masked]' };
    expect(wordsOf(curlOf({ query })!)[0]).toBe(
      `${ORIGIN}/?page=3&q=a%20b%26'c&q=MASKED&token=MASKED&mail=MASKED`,
    );
  });

  it('needs no word for GET, and must not wait for the body of HEAD', () => {
    expect(curlOf({ method: 'GET' })).toMatch(/^curl 'http/);
    expect(curlOf({ method: 'HEAD' })).toMatch(/^curl --head 'http/);
  });

  it.each(['tok_0123456789abcdef', 'mcp_0123456789abcdef'])('omits a hash: %s', (sessionId) => {
    expect(curlOf({ sessionId })).not.toContain('Session');
  });

  it('omits a missing session', () => {
    expect(curlOf({ sessionId: undefined })).toBe("curl 'http://localhost:3000/'");
  });

  it.each<[string, Partial<ViewRequest>]>([
    ['a message', { kind: 'message' }],
    ['a request without a path', { path: undefined }],
    ['a request without a method', { method: undefined }],
    ['a method that is none', { method: 'GET / HTTP/1.1' }],
  ])('is missing for %s', (_name, overrides) => {
    expect(curlOf(overrides)).toBeUndefined();
  });

  it.each([
    ["/it's", `${ORIGIN}/it's`],
    ['/a b', `${ORIGIN}/a%20b`],
    ['/$(id)`id`', `${ORIGIN}/$(id)\`id\``],
    ['/ünï/😀', `${ORIGIN}/%C3%BCn%C3%AF/%F0%9F%98%80`],
    ['/[1-9]{a,b}#x', `${ORIGIN}/%5B1-9%5D%7Ba,b%7D%23x`],
    ['/\ud800', `${ORIGIN}/%EF%BF%BD`],
    ['/a%20b%27', `${ORIGIN}/a%20b%27`],
    ['@evil.example/', `${ORIGIN}/@evil.example/`],
    ['//evil.example/', `${ORIGIN}//evil.example/`],
    ['*', `${ORIGIN}/*`],
  ])('sends %j to its original address', (path, url) => {
    expect(wordsOf(curlOf({ path, sessionId: undefined })!)).toEqual([url]);
  });

  it('omits a header whose value would break the command', () => {
    for (const sessionId of ['a\r\nX-Admin: 1', 'a b']) {
      expect(wordsOf(curlOf({ sessionId })!)).toEqual([`${ORIGIN}/`]);
    }
  });

  it('quotes a method that a shell would read', () => {
    expect(wordsOf(curlOf({ method: '`id`&' })!).slice(0, 2)).toEqual(['-X', '`id`&']);
  });

  it('is one command with one address, for any request', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...'\'"$`;&|\n\r\0\u001b[#@/'),
        fc.string({ unit: codePoint, maxLength: 1 }),
      ),
    });
    const token = fc.constantFrom('GET', 'POST', 'HEAD', "a'b", '`id`');
    fc.assert(
      fc.property(token, text, text, text, (method, path, value, sessionId) => {
        const command = curlOf({ method, path, query: { value }, sessionId })!;
        expect(command).not.toMatch(CONTROLS);
        const words = wordsOf(command);
        const [url, ...more] = words.filter((word) => word.startsWith('http'));
        expect(more).toEqual([]);
        expect(new URL(url!).origin).toBe(ORIGIN);
        const headers = words.slice(words.indexOf(url!) + 1).filter((_, index) => index % 2 === 1);
        for (const header of headers) expect(header).toMatch(/^X-Session-ID: [!-~]+$/);
      }),
      { numRuns: 60 },
    );
  });
});

describe('asGrep', () => {
  function found(overrides: Partial<ViewRequest>, log: readonly string[]): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'grep-'));
    try {
      writeFileSync(join(folder, 'app.log'), log.map((line) => `${line}\n`).join(''));
      const lines = execFileSync('sh', ['-c', asGrep(shown(overrides).request)], {
        cwd: folder,
        encoding: 'utf8',
      });
      return lines.split('\n').slice(0, -1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('finds the lines of the request, whatever the field is called', () => {
    const own = [
      '{"message":"a","trace_id":"t","request_id":"req-001","session_id":"s"}',
      '{"message":"a","http.request.id":"req-001"}',
      '{"logging.googleapis.com/labels":{"request_id": "req-001"}}',
      '10:30:15 INFO [req=req-001|session=alice] a',
    ];
    const other = '{"message":"b","request_id":"req-0012"}';
    expect(asGrep(shown().request)).toBe(`grep -Fw -e 'req-001' app.log`);
    expect(found({}, [...own, other])).toEqual(own);
  });

  it('looks for the trace when there is no request id', () => {
    expect(asGrep(shown({ requestId: undefined, traceId: 'abc' }).request)).toBe(
      `grep -Fw -e 'abc' app.log`,
    );
  });

  it.each([
    `a'b; echo "x"`,
    'back\\slash',
    'new\nline',
    'esc\u001b[201~',
    'c1\u009b',
    'bidi\u202e',
    '.*',
    '-r',
  ])('finds %j as the log writes it', (requestId) => {
    expect(asGrep(shown({ requestId }).request)).not.toMatch(CONTROLS);
    const written = JSON.stringify(requestId)
      .replaceAll('\u009b', String.raw`\u009b`)
      .replaceAll('\u202e', String.raw`\u202e`);
    const line = `{"request_id":${written}}`;
    expect(found({ requestId }, ['{"request_id":"other"}', line])).toEqual([line]);
  });
});

describe('asUntangle', () => {
  it('names the request, or its trace, as one word each', () => {
    expect(asUntangle(shown().request)).toBe(
      "npx nestjs-tracing untangle app.log --request='req-001'",
    );
    expect(asUntangle(shown({ requestId: undefined, traceId: 'abc' }).request)).toMatch(
      /--trace='abc'$/,
    );
    const { request } = shown({ requestId: "-x'; id\n\u001b[2J" });
    expect(asUntangle(request)).not.toMatch(CONTROLS);
    expect(wordsOf(asUntangle(request).replace(/^npx nestjs-tracing /, ''))).toHaveLength(2);
  });
});

describe('serverOrigin', () => {
  it.each([
    ['http', 'localhost', 3000, 'http://localhost:3000'],
    ['https', 'api.example.com', 443, 'https://api.example.com'],
    [undefined, '127.0.0.1', undefined, 'http://127.0.0.1'],
    ['http', '::1', 3000, 'http://[::1]:3000'],
    ['http', '0.0.0.0', 3000, 'http://localhost:3000'],
    ['javascript', 'shop', 99_999, 'http://shop'],
    ['http', "evil.example/'$(id)", 80, undefined],
    ['http', 'user@evil.example', 80, undefined],
    ['http', 42, 80, undefined],
  ])('of %j, %j and %j is %j', (scheme, address, port, origin) => {
    expect(serverOrigin(scheme, address, port)).toBe(origin);
  });
});

describe('asJson', () => {
  it('has the request and its lines', () => {
    const { store, request } = shown();
    const line = aLine('hello', { key: '1' });
    store.add([line, aLine('boot')]);
    expect(JSON.parse(asJson(store, request))).toEqual(
      JSON.parse(JSON.stringify({ request: request.record, lines: [line] })),
    );
    expect(asJson(store, request)).toContain('\n  "lines": [');
  });

  it('has the spans of its service that came by themselves', () => {
    const { store, request } = shown();
    store.add([aSpan('2'), aSpan('3', { service: 'ledger' })]);
    expect(JSON.parse(asJson(store, request))).toMatchObject({ spans: [{ name: 'span 2' }] });
  });

  it('has no control character', () => {
    const { store, request } = shown();
    store.add([aLine('\u001b[2J\u007f\u009b\u2028\u202e', { key: '1' })]);
    expect(asJson(store, request).replaceAll('\n', '')).not.toMatch(CONTROLS);
    expect(JSON.parse(asJson(store, request))).toMatchObject({
      lines: [{ message: '\u001b[2J\u007f\u009b\u2028\u202e' }],
    });
  });
});
