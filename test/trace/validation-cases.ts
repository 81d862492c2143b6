// What each case of the public validation suite sends and demands, in the order of that suite.
// https://github.com/w3c/trace-context/blob/acab820be9db7b3433668baa5cdd43f57f4c4be0/test/test.py

/** What a caller sends, in this order. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** What must hold of the headers of the calls that a service makes. */
export interface Demand {
  /** Whether the trace goes on, or another one begins. Default: it goes on. */
  readonly trace?: 'continued' | 'restarted';
  /** Members of `tracestate` that must go out, in this order; `[]` for none at all. */
  readonly state?: readonly string[];
  /** Flags that must be set. */
  readonly flags?: number;
}

/** A request to a service, and what it demands. */
export type Step = readonly [headers: Headers, demand: Demand];

const TRACE_ID = '12345678901234567890123456789012';
const PARENT_ID = '1234567890123456';

const parent = (value: string): Headers => [['traceparent', value]];
const restarted = (value: string): Step => [parent(value), { trace: 'restarted' }];
const continued = (value: string): Step => [parent(value), {}];
/** A good parent and these `tracestate` headers. */
const state = (values: string | readonly string[], members: readonly string[]): Step => [
  [
    ['traceparent', `00-${TRACE_ID}-${PARENT_ID}-00`],
    ...[values].flat().map((value) => ['tracestate', value] as const),
  ],
  { state: members },
];

const tens = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(2, '0'))
    .map((n) => `bar${n}=${n}`)
    .join(',');
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
const VALUE = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i))
  .filter((c) => c !== ',' && c !== '=')
  .join('');

export const VALIDATION_CASES: Readonly<Record<string, readonly Step[]>> = {
  'neither header': [[[], { trace: 'restarted', state: [] }]],
  'a parent without a state': [[parent(`00-${TRACE_ID}-${PARENT_ID}-01`), { flags: 1, state: [] }]],
  'two parents': [
    [
      [
        ['traceparent', `00-${TRACE_ID.replace(/2$/, '1')}-${PARENT_ID}-01`],
        ['traceparent', `00-${TRACE_ID}-${PARENT_ID}-01`],
      ],
      { trace: 'restarted' },
    ],
  ],
  'a parent under another name': [
    [[['trace-parent', `00-${TRACE_ID}-${PARENT_ID}-01`]], { trace: 'restarted' }],
    [[['trace.parent', `00-${TRACE_ID}-${PARENT_ID}-01`]], { trace: 'restarted' }],
  ],
  'a parent whose name has capitals': [
    [[['TraceParent', `00-${TRACE_ID}-${PARENT_ID}-01`]], {}],
    [[['TrAcEpArEnT', `00-${TRACE_ID}-${PARENT_ID}-01`]], {}],
    [[['TRACEPARENT', `00-${TRACE_ID}-${PARENT_ID}-01`]], {}],
  ],
  'version 00 that goes on': [
    restarted(`00-${TRACE_ID}-${PARENT_ID}-01.`),
    restarted(`00-${TRACE_ID}-${PARENT_ID}-01-what-the-future-will-be-like`),
  ],
  'version cc': [
    continued(`cc-${TRACE_ID}-${PARENT_ID}-01`),
    continued(`cc-${TRACE_ID}-${PARENT_ID}-01-what-the-future-will-be-like`),
    restarted(`cc-${TRACE_ID}-${PARENT_ID}-01.what-the-future-will-be-like`),
  ],
  'version ff': [restarted(`ff-${TRACE_ID}-${PARENT_ID}-01`)],
  'a version that is not hex': [
    restarted(`.0-${TRACE_ID}-${PARENT_ID}-01`),
    restarted(`0.-${TRACE_ID}-${PARENT_ID}-01`),
  ],
  'a version too long': [
    restarted(`000-${TRACE_ID}-${PARENT_ID}-01`),
    restarted(`0000-${TRACE_ID}-${PARENT_ID}-01`),
  ],
  'a version too short': [restarted(`0-${TRACE_ID}-${PARENT_ID}-01`)],
  'a trace id of zeros': [restarted(`00-${'0'.repeat(32)}-${PARENT_ID}-01`)],
  'a trace id that is not hex': [
    restarted(`00-.${TRACE_ID.slice(1)}-${PARENT_ID}-01`),
    restarted(`00-${TRACE_ID.slice(0, -1)}.-${PARENT_ID}-01`),
  ],
  'a trace id too long': [restarted(`00-${TRACE_ID}3-${PARENT_ID}-01`)],
  'a trace id too short': [restarted(`00-${TRACE_ID.slice(0, -1)}-${PARENT_ID}-01`)],
  'a parent id of zeros': [restarted(`00-${TRACE_ID}-${'0'.repeat(16)}-01`)],
  'a parent id that is not hex': [
    restarted(`00-${TRACE_ID}-.${PARENT_ID.slice(1)}-01`),
    restarted(`00-${TRACE_ID}-${PARENT_ID.slice(0, -1)}.-01`),
  ],
  'a parent id too long': [restarted(`00-${TRACE_ID}-${PARENT_ID}7-01`)],
  'a parent id too short': [restarted(`00-${TRACE_ID}-${PARENT_ID.slice(0, -1)}-01`)],
  'flags that are not hex': [
    restarted(`00-${TRACE_ID}-${PARENT_ID}-.0`),
    restarted(`00-${TRACE_ID}-${PARENT_ID}-0.`),
  ],
  'flags too long': [restarted(`00-${TRACE_ID}-${PARENT_ID}-001`)],
  'flags too short': [restarted(`00-${TRACE_ID}-${PARENT_ID}-1`)],
  'white space around a parent': [
    continued(` 00-${TRACE_ID}-${PARENT_ID}-01`),
    continued(`\t00-${TRACE_ID}-${PARENT_ID}-01`),
    continued(`00-${TRACE_ID}-${PARENT_ID}-01 `),
    continued(`00-${TRACE_ID}-${PARENT_ID}-01\t`),
    continued(`\t 00-${TRACE_ID}-${PARENT_ID}-01 \t`),
  ],
  'a state without a parent': [
    [[['tracestate', 'foo=1']], { trace: 'restarted', state: [] }],
    [[['tracestate', 'foo=1,bar=2']], { trace: 'restarted', state: [] }],
  ],
  'a state with a parent': [state('foo=1,bar=2', ['foo=1', 'bar=2'])],
  'a state under another name': [
    [[...state([], [])[0], ['trace-state', 'foo=1']], { state: [] }],
    [[...state([], [])[0], ['trace.state', 'foo=1']], { state: [] }],
  ],
  'a state whose name has capitals': [
    [[...state([], [])[0], ['TraceState', 'foo=1']], { state: ['foo=1'] }],
    [[...state([], [])[0], ['TrAcEsTaTe', 'foo=1']], { state: ['foo=1'] }],
    [[...state([], [])[0], ['TRACESTATE', 'foo=1']], { state: ['foo=1'] }],
  ],
  'an empty state': [
    state('', []),
    state(['foo=1', ''], ['foo=1']),
    state(['', 'foo=1'], ['foo=1']),
  ],
  'several state headers': [
    state(
      ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'],
      ['foo=1', 'bar=2', 'rojo=1', 'congo=2', 'baz=3'],
    ),
  ],
  'a key twice': [
    state('foo=1,foo=1', ['foo=1']),
    state('foo=1,foo=2', ['foo=1']),
    state(['foo=1', 'foo=1'], ['foo=1']),
    state(['foo=1', 'foo=2'], ['foo=1']),
  ],
  'every legal character': [
    state(`${KEY}=${VALUE}`, [`${KEY}=${VALUE}`]),
    state(`${KEY}@a-z0-9_-*/=${VALUE}`, [`${KEY}@a-z0-9_-*/=${VALUE}`]),
  ],
  'white space around members': [
    state('foo=1 \t , \t bar=2, \t baz=3', ['foo=1', 'bar=2', 'baz=3']),
    state('foo=1\t \t,\t \tbar=2,\t \tbaz=3', ['foo=1', 'bar=2', 'baz=3']),
    state(' foo=1', ['foo=1']),
    state('\tfoo=1', ['foo=1']),
    state('foo=1 ', ['foo=1']),
    state('foo=1\t', ['foo=1']),
    state('\t foo=1 \t', ['foo=1']),
  ],
  'illegal characters in a key': [state('foo =1', []), state('FOO=1', []), state('foo.bar=1', [])],
  'at signs in a key': [
    state('foo@=1,bar=2', ['foo@=1', 'bar=2']),
    state('@foo=1,bar=2', []),
    state('foo@@bar=1,bar=2', ['foo@@bar=1', 'bar=2']),
    state('foo@bar@baz=1,bar=2', ['foo@bar@baz=1', 'bar=2']),
  ],
  '32 and 33 members': [
    state([tens(1, 10), tens(11, 20), tens(21, 30), tens(31, 32)], tens(1, 32).split(',')),
    state([tens(1, 10), tens(11, 20), tens(21, 30), tens(31, 33)], []),
  ],
  'keys of 256 and 257 characters': [
    state(['foo=1', `${'z'.repeat(256)}=1`], ['foo=1', `${'z'.repeat(256)}=1`]),
    state(['foo=1', `${'z'.repeat(257)}=1`], []),
    ...['t'.repeat(241) + '@' + 'v'.repeat(14), 't'.repeat(242) + '@v', 't@' + 'v'.repeat(15)].map(
      (key) => state(['foo=1', `${key}=1`], ['foo=1', `${key}=1`]),
    ),
  ],
  'illegal characters in a value': [state('foo=bar=baz', []), state('foo=,bar=3', [])],
  'several calls of a continued trace': [continued(`00-${TRACE_ID}-${PARENT_ID}-01`)],
  'several calls of a new trace': [[[], { trace: 'restarted' }]],
  'several calls after an illegal parent': [restarted(`00-${'0'.repeat(32)}-${PARENT_ID}-01`)],
  'the random flag': [[parent(`00-${TRACE_ID}-${PARENT_ID}-02`), { flags: 2 }]],
};

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]$/;

/** What is wrong with the three calls that a service made when it was sent these headers. */
export function flawsOfCalls(
  headers: Headers,
  { trace = 'continued', state, flags = 0 }: Demand,
  calls: readonly Readonly<Record<string, string | string[] | undefined>>[],
): string[] {
  const flaws: string[] = [];
  const demand = (isMet: boolean, flaw: string): void => {
    if (!isMet) flaws.push(`${flaw}: ${JSON.stringify({ headers, calls })}`);
  };
  const sent = headers.map(([, value]) => value).join();
  const parents = calls.map(({ traceparent }) => String(traceparent));
  const traceIds = new Set(parents.map((parent) => parent.slice(3, 35)));
  const spanIds = new Set(parents.map((parent) => parent.slice(36, 52)));
  const [traceId = ''] = traceIds;

  demand(calls.length === 3, 'there are not three calls');
  demand(
    parents.every((parent) => TRACEPARENT.test(parent)),
    'a traceparent is malformed',
  );
  demand(traceIds.size === 1, 'the calls are not of one trace');
  demand(spanIds.size === 3 && !spanIds.has(PARENT_ID), 'a call has no span of its own');
  if (trace === 'continued') demand(traceId === TRACE_ID, 'the trace does not go on');
  else demand(!sent.includes(traceId.slice(0, 31)), 'no other trace begins');
  demand(
    parents.every((parent) => (Number.parseInt(parent.slice(53), 16) & flags) === flags),
    'a flag is not set',
  );
  for (const { tracestate } of state === undefined ? [] : calls) {
    const members = tracestate === undefined ? '' : String(tracestate);
    demand(members === state?.join(), 'the state is not what it should be');
  }
  return flaws;
}
