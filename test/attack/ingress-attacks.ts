import { createHash } from 'node:crypto';
import { get, head } from './raw-request.js';

/** Which ids a request has to have. Those that are not named are the server's own. */
export interface ExpectedIds {
  readonly request_id?: string;
  readonly session_id?: string;
  readonly trace_id?: string;
}

/** One attack over a socket. */
export interface IngressAttack {
  readonly name: string;
  /** The bytes, as Latin-1; several are sent one after the other. */
  readonly bytes: string | readonly string[];
  /** Of each request that the server has to see, in order. Default: none is adopted. */
  readonly ids?: ExpectedIds | readonly ExpectedIds[];
}

/** What no line and no header may hold. Hostile values have it in them. */
export const MARK = 'evil';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const LEGAL = /^[A-Za-z0-9_.:@/+=-]$/;
const LONGEST = 'r'.repeat(128);
const ALL_LEGAL = 'AZaz09_.:@/+=-';
const ID_HEADERS = ['X-Request-ID', 'X-Session-ID', 'X-Correlation-ID', 'x-request-id'];
const digest = (prefix: string, text: string): string =>
  prefix + createHash('sha256').update(text).digest('hex').slice(0, 16);

const ids = (name: string, ...headers: string[]): IngressAttack => ({
  name,
  bytes: get('/', ...headers),
});
const adopted = (name: string, expected: ExpectedIds, ...headers: string[]): IngressAttack => ({
  ...ids(name, ...headers),
  ids: expected,
});
const query = (name: string, text: string, session_id?: string): IngressAttack => ({
  name: `a query: ${name}`,
  bytes: get(`/?${text}`),
  ...(session_id !== undefined && { ids: { session_id } }),
});
const traceparent = (name: string, value: string, isAdopted = false): IngressAttack => ({
  ...ids(`traceparent: ${name}`, `traceparent: ${value}`),
  ...(isAdopted && { ids: { trace_id: TRACE } }),
});
const cloud = (name: string, ...headers: string[]): IngressAttack =>
  ids(`a cloud's header: ${name}`, ...headers);

/** Each byte that an id may not have, NUL and line ends among them. */
const illegalCharacters = Array.from({ length: 256 }, (_, code) => code)
  .filter((code) => !LEGAL.test(String.fromCharCode(code)))
  .map((code) => {
    const value = `${MARK}${String.fromCharCode(code)}id`;
    const hex = code.toString(16).padStart(2, '0');
    return ids(`the character 0x${hex} in ids`, `X-Request-ID: ${value}`, `X-Session-ID: ${value}`);
  });

export const INGRESS_ATTACKS: readonly IngressAttack[] = [
  // What is valid is adopted: a suite in which nothing is proves nothing.
  adopted('an id of 128 characters', { request_id: LONGEST }, `X-Request-ID: ${LONGEST}`),
  adopted('each legal character', { request_id: ALL_LEGAL }, `X-Request-ID: ${ALL_LEGAL}`),
  adopted('blanks around an id', { request_id: 'trimmed' }, 'X-Request-ID:  \t trimmed \t '),
  adopted('a name of Object.prototype', { request_id: '__proto__' }, 'X-Request-ID: __proto__'),
  adopted('another one', { session_id: 'constructor' }, 'X-Session-ID: constructor'),
  adopted('a URL', { session_id: '//evil' }, 'X-Session-ID: //evil'),

  ...ID_HEADERS.map((header) =>
    ids(`${header} of 129 characters`, `${header}: ${MARK}${'x'.repeat(125)}`),
  ),
  ...ID_HEADERS.map((header) =>
    ids(`${header} of 7,000 characters`, `${header}: ${MARK.repeat(1750)}`),
  ),
  ...ID_HEADERS.map((header) => ids(`an empty ${header}`, `${header}:`)),
  ...ID_HEADERS.map((header) =>
    ids(`${header} twice`, `${header}: ${MARK}1`, `${header}: ${MARK}2`),
  ),
  ids('the same id twice', `X-Request-ID: ${MARK}`, `X-Request-ID: ${MARK}`),
  ids('two spellings of one header', `X-Request-ID: ${MARK}`, `x-REQUEST-id: ${MARK}`),
  ids('two ids in one header', `X-Request-ID: ${MARK},${MARK}`),
  ...illegalCharacters,
  ids('UTF-8', `X-Request-ID: ${Buffer.from(`${MARK}é日`).toString('latin1')}`),
  ids('half of UTF-8', `X-Request-ID: ${MARK}\xe6\x97`),
  ids('an ANSI escape', `X-Request-ID: ${MARK}\x1b[2J`),
  ids('CRLF, percent-encoded', `X-Request-ID: ${MARK}%0d%0aX-Forged: 1`),
  ids('CRLF and a header', `X-Request-ID: ${MARK} x\r\nX-Forged: ${MARK} y`),
  ids('a lone CR', `X-Request-ID: ${MARK}\rX-Forged: 1`),
  ids('a lone LF', `X-Request-ID: ${MARK} x\nX-Forged: ${MARK} 1`),
  ids('obs-fold', `X-Request-ID: ${MARK}\r\n folded`),
  ids('obs-fold that is empty', `X-Request-ID: ${MARK} x\r\n\t`),
  ids('markup', `X-Request-ID: <script>${MARK}()</script>`, `X-Session-ID: "><img src=${MARK}>`),
  ids('a format', `X-Request-ID: %s%d%j${MARK}`, `X-Session-ID: \${${MARK}}`),
  ids('JSON', `X-Request-ID: {"${MARK}":1}`, `X-Session-ID: ","${MARK}":"`),
  ids('SQL', `X-Request-ID: ';DROP TABLE ${MARK}--`),
  ids(
    'a header named __proto__',
    `__proto__: ${MARK}`,
    `constructor: ${MARK}`,
    `toString: ${MARK}`,
  ),
  ids('a blank before the colon', `X-Request-ID : ${MARK}`),
  ids('a name with NUL', `X-Request\x00-ID: ${MARK}`),
  ids('100 other headers', ...Array.from({ length: 100 }, (_, n) => `X-${MARK}-${n}: ${MARK}`)),
  ids('2,100 headers', ...Array.from({ length: 2100 }, () => 'a:b'), `X-Request-ID: ${MARK} x`),
  ids('headers of 20 kB', `X-Padding: ${MARK.repeat(5000)}`, `X-Request-ID: ${MARK} x`),

  adopted(
    'a bearer token',
    { session_id: digest('tok_', 'evil-token') },
    'Authorization: Bearer evil-token',
  ),
  ids('two bearer tokens', `Authorization: Bearer ${MARK}`, `Authorization: Bearer ${MARK}`),
  ids('a bearer token with a blank', `Authorization: Bearer ${MARK} ${MARK}`),
  ids('Basic', `Authorization: Basic ${MARK}`),
  ids('no scheme', `Authorization: ${MARK}`),
  ids('Bearer alone', 'Authorization: Bearer '),
  ids('a token of another scheme', `Authorization: Digest username="${MARK}"`),
  adopted(
    'an MCP session that is a secret',
    { session_id: digest('mcp_', `${MARK}!`) },
    `Mcp-Session-Id: ${MARK}!`,
  ),
  ids('two MCP sessions', `Mcp-Session-Id: ${MARK}`, `Mcp-Session-Id: ${MARK}`),
  ids('an MCP session with a blank', `Mcp-Session-Id: ${MARK} x`),
  ids('cookies', `Cookie: session_id=${MARK}; sid=${MARK}`),

  query('an id', 'session_id=plain-1', 'plain-1'),
  query('an encoded id', 'session_id=q%3A1', 'q:1'),
  query('an encoded name', 'session%5fid=plain-2&a=1'),
  query('twice', `session_id=${MARK}1&session_id=${MARK}2`),
  query('CRLF', `session_id=${MARK}%0d%0aX-Forged:1`),
  query('NUL', `session_id=${MARK}%00`),
  query('half an escape', `session_id=${MARK}%2`),
  query('no UTF-8', `session_id=${MARK}%ff%fe`),
  query('overlong UTF-8', `session_id=${MARK}%c0%8a`),
  query('129 characters', `session_id=${MARK}${'x'.repeat(125)}`),
  query('an array', `session_id[]=${MARK}&session_id[0]=${MARK}`),
  query('a record', `session_id[__proto__][x]=${MARK}`),
  query('a plus', `session_id=${MARK}+1`),
  query('another case', `SESSION_ID=${MARK}`),
  query('7,000 characters', `session_id=${MARK.repeat(1750)}`),
  query('a second question mark', `a=?session_id=${MARK}`),
  query('a thousand parameters', `${'a=1&'.repeat(1000)}session_id=${MARK}%20`),

  traceparent('valid', `00-${TRACE}-${SPAN}-01`, true),
  traceparent('a later version', `cc-${TRACE}-${SPAN}-01-what`, true),
  traceparent('unknown flags', `00-${TRACE}-${SPAN}-ff`, true),
  traceparent('version ff', `ff-${TRACE}-${SPAN}-01`),
  traceparent('version 00 with more', `00-${TRACE}-${SPAN}-01-${MARK}`),
  traceparent('upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`),
  traceparent('a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`),
  traceparent('a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`),
  traceparent('too short', `00-${TRACE.slice(1)}-${SPAN}-01`),
  traceparent('too long', `00-${TRACE}0-${SPAN}-01`),
  traceparent('no hex', `00-${TRACE.slice(4)}${MARK}-${SPAN}-01`),
  traceparent('one digit of flags', `00-${TRACE}-${SPAN}-1`),
  traceparent('no dashes', `00${TRACE}${SPAN}01`),
  traceparent('empty', ''),
  traceparent('7,000 dashes', '-'.repeat(7000)),
  traceparent('other digits', `00-${TRACE}-${SPAN}-\xb2\xb2`),
  ids(
    'two traceparents',
    `traceparent: 00-${TRACE}-${SPAN}-01`,
    `traceparent: 00-${TRACE}-${SPAN}-01`,
  ),
  ids('tracestate alone', `tracestate: ${MARK}=1`),
  ...[
    ['too many members', Array.from({ length: 33 }, (_, n) => `k${n}=${MARK}`).join(',')],
    ['7,000 characters', `k=${MARK.repeat(1750)}`],
    ['a flood of commas', ','.repeat(7000)],
    ['duplicate keys', `k=${MARK},k=${MARK}`],
    ['illegal keys', `K =${MARK},__proto__=${MARK},@=${MARK}`],
    ['control characters', `k=${MARK}\x01`],
    ['blanks', ' \t'.repeat(3000)],
  ].map(([name, value]) =>
    adopted(
      `tracestate: ${name}`,
      { trace_id: TRACE },
      `traceparent: 00-${TRACE}-${SPAN}-01`,
      `tracestate: ${value}`,
    ),
  ),
  ...[
    ['a secret', `password=${MARK}`],
    ['8,000 characters', `k=${MARK.repeat(2000)}`],
    ['a flood', `${MARK}=1,`.repeat(1000)],
    ['half an escape', `k=%${MARK}`],
    ['a prototype', `__proto__=${MARK}`],
    ['properties', `k=v;${MARK}=${MARK};${MARK}`],
  ].map(([name, value]) => ids(`baggage: ${name}`, `baggage: ${value}`)),

  adopted('a B3 header', { trace_id: TRACE }, `b3: ${TRACE}-${SPAN}-1`),
  adopted(
    'a header of AWS',
    { trace_id: '5759e988bd862e3fe1be46a994272793' },
    'X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Self=1',
  ),
  adopted('a header of Google', { trace_id: TRACE }, `X-Cloud-Trace-Context: ${TRACE}/1;o=1`),
  cloud('B3 with a bad span', `b3: ${TRACE}-${MARK}-1`),
  cloud('B3 of 7,000 characters', `b3: ${MARK.repeat(1750)}`),
  cloud('B3 twice', `b3: ${TRACE}-${SPAN}-1`, `b3: ${TRACE}-${SPAN}-1`),
  cloud('B3 in parts, one bad', `X-B3-TraceId: ${MARK}`, `X-B3-SpanId: ${SPAN}`),
  cloud('B3 in parts, without a span', `X-B3-TraceId: ${MARK.repeat(8)}`),
  cloud('Root that is none', `X-Amzn-Trace-Id: Root=${MARK}`),
  cloud('a thousand fields', `X-Amzn-Trace-Id: ${`${MARK}=1;`.repeat(800)}`),
  cloud('Google with a huge span', `X-Cloud-Trace-Context: ${TRACE}/${'9'.repeat(21)};o=1`),
  cloud('Google with text', `X-Cloud-Trace-Context: ${MARK}/${MARK};o=${MARK}`),

  { name: 'a path of slashes', bytes: get('///..//%2e%2e/'), ids: {} },
  { name: 'a path that is no URL', bytes: get('//['), ids: {} },
  { name: 'a path with half an escape', bytes: get('/%'), ids: {} },
  { name: 'a path with NUL', bytes: get('/%00'), ids: {} },
  { name: 'a path with raw bytes', bytes: get('/\xff\xfe'), ids: {} },
  { name: 'a path of 7,000 characters', bytes: get(`/${'a/'.repeat(3500)}`), ids: {} },
  { name: 'a path of prototype names', bytes: get('/__proto__/constructor'), ids: {} },
  { name: 'an absolute form', bytes: get('http://other.example/x'), ids: {} },
  { name: 'an asterisk', bytes: head('OPTIONS', '*', 'Connection: close'), ids: {} },
  { name: 'an unknown method', bytes: head('PROPFIND', '/', 'Connection: close'), ids: {} },
  { name: 'a method that is none', bytes: head('EVIL', '/', 'Connection: close') },
  {
    name: 'HEAD',
    bytes: head('HEAD', '/', 'X-Request-ID: head', 'Connection: close'),
    ids: { request_id: 'head' },
  },
  { name: 'no Host', bytes: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n' },
  { name: 'HTTP/1.0', bytes: 'GET / HTTP/1.0\r\n\r\n', ids: {} },
  { name: 'HTTP/9.9', bytes: 'GET / HTTP/9.9\r\n\r\n' },
  { name: 'no HTTP', bytes: `${MARK} nonsense\r\n\r\n` },
  { name: 'TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
  {
    name: 'pipelined requests keep their ids apart',
    bytes:
      ['one', 'two'].map((id) => head('GET', '/', `X-Request-ID: ${id}`)).join('') +
      get('/', 'X-Request-ID: three'),
    ids: [{ request_id: 'one' }, { request_id: 'two' }, { request_id: 'three' }],
  },
  {
    name: 'pipelined requests with equal ids',
    bytes: head('GET', '/', 'X-Request-ID: same') + get('/', 'X-Request-ID: same'),
    ids: [{ request_id: 'same' }, { request_id: 'same' }],
  },
  {
    name: 'pipelined, the second is invalid',
    bytes: head('GET', '/', 'X-Request-ID: first') + get('/', `X-Request-ID: ${MARK} x`),
    ids: [{ request_id: 'first' }, {}],
  },
  {
    name: 'pipelined, the second is no HTTP',
    bytes: `${head('GET', '/', 'X-Request-ID: before')}${MARK} nonsense\r\n\r\n`,
    ids: { request_id: 'before' },
  },
  {
    name: 'one byte after the other',
    bytes: [...get('/', 'X-Request-ID: slow')],
    ids: { request_id: 'slow' },
  },
  {
    name: 'smuggling: length and chunks',
    bytes: `${head('POST', '/', 'Content-Length: 6', 'Transfer-Encoding: chunked')}0\r\n\r\nG`,
  },
  {
    name: 'smuggling: two lengths',
    bytes: `${head('POST', '/', 'Content-Length: 0', 'Content-Length: 44')}GET /evil HTTP/1.1\r\nHost: a\r\n\r\n`,
  },
  {
    name: 'smuggling: a strange coding',
    bytes: `${head('POST', '/', 'Transfer-Encoding: xchunked', 'Connection: close')}0\r\n\r\n`,
  },
  {
    name: 'smuggling: chunked twice',
    bytes: `${head('POST', '/', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', 'Connection: close')}0\r\n\r\n`,
    ids: {},
  },
  {
    name: 'smuggling: a negative length',
    bytes: `${head('POST', '/', 'Content-Length: -1', 'Connection: close')}`,
  },
  {
    name: 'a chunk size that is none',
    bytes: `${head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Type: application/json')}zz\r\n{}\r\n`,
    ids: {},
  },
  {
    name: 'a chunk extension',
    bytes: `${head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Type: application/json', 'Connection: close')}2;${MARK}=1\r\n{}\r\n0\r\n\r\n`,
    ids: {},
  },
  {
    name: 'trailers with ids',
    bytes: `${head('POST', '/', 'Transfer-Encoding: chunked', 'Content-Type: application/json', 'Trailer: X-Request-ID', 'Connection: close')}2\r\n{}\r\n0\r\nX-Request-ID: ${MARK}\r\n\r\n`,
    ids: {},
  },
  {
    name: 'an expectation',
    bytes: `${head('POST', '/', 'Expect: 100-continue', 'Content-Type: application/json', 'Content-Length: 2', 'X-Request-ID: expects', 'Connection: close')}{}`,
    ids: { request_id: 'expects' },
  },
  { name: 'an unknown expectation', bytes: get('/', 'Expect: the-moon') },
  { name: 'an upgrade', bytes: get('/', 'Upgrade: h2c', 'HTTP2-Settings: AAAA'), ids: {} },
  {
    name: 'malformed JSON',
    bytes: `${head('POST', '/', 'Content-Type: application/json', 'Content-Length: 9', 'X-Request-ID: json', 'Connection: close')}{"evil":1`,
    ids: { request_id: 'json' },
  },
  {
    name: 'JSON of a prototype',
    bytes: `${head('POST', '/', 'Content-Type: application/json', 'Content-Length: 25', 'Connection: close')}{"__proto__":{"evil":"1"}`,
    ids: {},
  },
  {
    name: 'an unknown encoding',
    bytes: `${head('POST', '/', 'Content-Type: application/json', 'Content-Encoding: evil', 'Content-Length: 2', 'Connection: close')}{}`,
    ids: {},
  },
  {
    name: 'gzip that is none',
    bytes: `${head('POST', '/', 'Content-Type: application/json', 'Content-Encoding: gzip', 'Content-Length: 2', 'Connection: close')}{}`,
    ids: {},
  },
];
