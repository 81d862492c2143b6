import { describe, expect, it } from '@jest/globals';
import { readAll } from './read-all.js';
import { written } from './written-lines.js';

const TIME = '2026-01-15T10:30:15.042Z';
/** A prefix or an envelope of each kind, and the service that it names. */
const WRAPPERS: Readonly<Record<string, [wrap: (line: string) => string, service?: string]>> = {
  none: [(one) => one],
  'docker compose': [(one) => `app-1         | ${one}`, 'app'],
  'docker compose, coloured': [(one) => `\u001b[36mapp_2  | \u001b[0m${one}`, 'app'],
  'docker compose --timestamps': [(one) => `app-1  | ${TIME} ${one}`, 'app'],
  'kubectl --prefix': [(one) => `[pod/shop-7d9f8b6c5-x2x4z/app] ${one}`, 'app'],
  'kubectl --prefix --timestamps': [
    (one) => `[pod/shop-7d9f8b6c5-x2x4z/app] 2026-01-15T10:30:15.042123456Z ${one}`,
    'app',
  ],
  'kubectl --timestamps': [(one) => `2026-01-15T10:30:15.042123456Z ${one}`],
  stern: [(one) => `shop-7d9f8b6c5-x2x4z app ${one}`, 'app'],
  'stern, coloured': [
    (one) => `\u001b[32mshop-7d9f8b6c5-x2x4z\u001b[0m \u001b[36mapp\u001b[0m ${one}`,
    'app',
  ],
  CRI: [(one) => `2026-01-15T10:30:15.042123456Z stdout F ${one}`],
  'CRI with an offset': [(one) => `2026-01-15T11:30:15.042123456+01:00 stderr F ${one}`],
  'journald short': [(one) => `Jan 15 10:30:15 web-1 shop.service[123]: ${one}`, 'shop'],
  'journald short-precise': [(one) => `Jan  5 10:30:15.042123 web-1 node[123]: ${one}`, 'node'],
  'journald short-iso': [(one) => `2026-01-15T10:30:15+0000 web-1 shop[123]: ${one}`, 'shop'],
  'a file of syslog': [(one) => `<14>Jan 15 10:30:15 web-1 shop: ${one}`, 'shop'],
  'syslog of RFC 5424': [
    (one) => `<34>1 ${TIME} web-1.example.com shop 123 ID47 [a@1 b="c"] ${one}`,
    'shop',
  ],
  pm2: [(one) => `0|shop-api  | ${one}`, 'shop-api'],
  'pm2 with a time': [(one) => `0|shop  | 2026-01-15T10:30:15: ${one}`, 'shop'],
  'a file of pm2': [(one) => `2026-01-15T10:30:15: ${one}`],
  Heroku: [(one) => `2026-01-15T10:30:15.042123+00:00 app[web.1]: ${one}`, 'web'],
  'aws logs tail': [
    (one) => `2026-01-15T10:30:15.042000+00:00 2026/01/15/[$LATEST]58419525dade ${one}`,
  ],
  'the text form of Lambda': [
    (one) => `${TIME}\t8cb8b7fd-3662-4120-95bc-efff637c7220\tINFO\t${one}`,
  ],
  'docker’s json-file': [
    (one) => JSON.stringify({ log: `${one}\n`, stream: 'stdout', time: TIME }),
  ],
  'fluent-bit in Kubernetes': [
    (one) =>
      JSON.stringify({ log: one, kubernetes: { pod_name: 'shop-7d9f', container_name: 'app' } }),
    'app',
  ],
  'journald JSON': [
    (one) =>
      JSON.stringify({
        ...{ _HOSTNAME: 'web-1', _SYSTEMD_UNIT: 'shop.service', _PID: '123', PRIORITY: '6' },
        ...{ __REALTIME_TIMESTAMP: '1768473015042000', MESSAGE: one },
      }),
    'shop',
  ],
  'journald JSON, as bytes': [
    (one) => JSON.stringify({ _SYSTEMD_UNIT: 'shop.service', MESSAGE: [...Buffer.from(one)] }),
    'shop',
  ],
  CloudWatch: [(one) => JSON.stringify({ events: [{ timestamp: 1768473015042, message: one }] })],
  'an event of CloudWatch': [
    (one) => JSON.stringify({ logStreamName: 's', timestamp: 1768473015042, message: one }),
  ],
  'a document of CloudWatch': [
    (one) =>
      JSON.stringify(
        { events: [{ timestamp: 1768473015042, message: one }], searchedLogStreams: [] },
        undefined,
        4,
      ),
  ],
  'JSON of Lambda': [
    (one) =>
      JSON.stringify({
        ...{ timestamp: TIME, level: 'INFO', message: one },
        requestId: '8cb8b7fd-3662-4120-95bc-efff637c7220',
      }),
  ],
  'docker’s json-file in journald': [
    (one) => JSON.stringify({ MESSAGE: JSON.stringify({ log: `${one}\n`, stream: 'stdout' }) }),
  ],
};

describe.each(Object.entries(WRAPPERS))('a line behind or in %s', (_name, [wrap, service]) => {
  it.each(Object.entries(written))('of %s', (_logger, { entry, finished, named }) => {
    const { lines, others } = readAll(`${wrap(entry)}\n${wrap(finished)}\n`);
    expect(others).toEqual([]);
    expect(lines).toHaveLength(2);
    const [first, last] = lines;
    expect(first).toMatchObject({ severity: 3, message: 'Slow', request: 'req-001' });
    expect(first!.time).toBeGreaterThan(0);
    expect(first!.service).toBe(named ?? service);
    expect(first!.fields).toContainEqual(['amount', 12]);
    expect(last!.isAccessLogEntry).toBe(true);
    expect(last!.requestFields).toMatchObject({
      ...{ method: 'POST', path: '/api/payment', status_code: 201, duration_ms: 447 },
    });
    expect(last!.key).toBe(first!.key);
  });
});
