import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PORT_NAMES, portOf, type PortName } from '../../sample-app/src/addresses.js';
import { eventually } from '../support/line-sink.js';
import { MessagesApp, SERVICE } from './messages-app.js';
import { labelsIn, metricsIn } from './promql.js';
import { dashboard, panelQueries, promQueries, settings, STACK, stackFiles } from './stack.js';

const compose = settings('compose.yaml');
const services = Object.entries<any>(compose.services);
const { datasources } = settings('grafana/datasources/datasources.yaml');
const sourceNamed = (uid: string): any => datasources.find((source: any) => source.uid === uid);
const { limits_config: limits } = settings('loki.yaml');

describe('the observability stack', () => {
  it.each(stackFiles().filter((file) => /\.(?:yaml|json)$/.test(file)))('can read %s', (file) => {
    expect(settings(file)).toEqual(expect.any(Object));
  });

  it.each(services)(
    'starts %s with a pinned version and files that exist',
    (_name, { image, volumes }) => {
      expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/);
      for (const volume of volumes) {
        const [source, target, mode] = volume.split(':');
        expect([source, existsSync(join(STACK, source))]).toEqual([source, true]);
        expect([target, mode]).toEqual([expect.stringMatching(/^\//), 'ro']);
      }
    },
  );

  it('starts each program with a configuration that is mounted', () => {
    for (const [, { command = [], volumes }] of services) {
      const files = command.flatMap((arg: string) => /config[.=\w]*?=(\S+)$/.exec(arg)?.[1] ?? []);
      const targets = volumes.map((volume: string) => volume.split(':')[1]);
      expect(targets).toEqual(expect.arrayContaining(files));
    }
  });

  it('is open to this machine alone, on ports that are free of the sample application', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports).toEqual(['127.0.0.1:4318:4318', '127.0.0.1:9090:9090', '127.0.0.1:3030:3000']);
    expect(services.filter(([, service]) => service.network_mode !== undefined)).toEqual([]);
  });

  it('scrapes the services of the sample application where they listen', () => {
    const jobs = settings('prometheus.yaml').scrape_configs;
    expect(jobs.map(({ job_name }: any) => job_name)).toContain('payments-gateway');
    for (const { job_name, static_configs } of jobs) {
      const variable = `${job_name.replace('payments-', '').toUpperCase()}_PORT` as PortName;
      expect(PORT_NAMES).toContain(variable);
      expect(static_configs).toEqual([{ targets: [`host.docker.internal:${portOf(variable)}`] }]);
    }
  });

  it('reaches every program by the name and the port that it has', () => {
    const { exporters, service } = settings('collector.yaml');
    expect(exporters['otlphttp/loki'].endpoint).toBe('http://loki:3100/otlp');
    expect(exporters['otlphttp/tempo'].endpoint).toBe('http://tempo:4318');
    expect(service.pipelines.logs.exporters).toEqual(['otlphttp/loki']);
    expect(service.pipelines.traces.exporters).toEqual(['otlphttp/tempo']);
    expect(settings('loki.yaml').server.http_listen_port).toBe(3100);
    const tempo = settings('tempo.yaml');
    expect(tempo.server.http_listen_port).toBe(3200);
    expect(tempo.distributor.receivers.otlp.protocols.http.endpoint).toBe('0.0.0.0:4318');
    expect(datasources.map(({ uid, url }: any) => [uid, url])).toEqual([
      ['prometheus', 'http://prometheus:9090'],
      ['loki', 'http://loki:3100'],
      ['tempo', 'http://tempo:3200'],
    ]);
  });
});

describe('Loki', () => {
  it('has the labels service, environment and level, and no other', () => {
    expect(limits.otlp_config).toEqual({
      resource_attributes: {
        ignore_defaults: true,
        attributes_config: [
          { action: 'index_label', attributes: ['service.name', 'deployment.environment.name'] },
        ],
      },
      severity_text_as_label: true,
    });
  });

  it('is queried by a label first, and by ids only after it', () => {
    const queries = panelQueries().filter(({ source }) => source === 'loki');
    expect(queries.map(({ panel }) => panel)).toEqual(['Slowest handlers', 'Lines']);
    for (const { expr } of queries) {
      expect(expr.match(/\{[^}]*\}/g)).toEqual(['{service_name=~"$service"}']);
    }
  });
});

describe('Grafana', () => {
  const { panels, templating, uid } = dashboard();

  it('finds the dashboard in the folder that is mounted', () => {
    const { providers } = settings('grafana/dashboards/dashboards.yaml');
    const [, { volumes }] = services.find(([name]) => name === 'grafana')!;
    expect(volumes).toContain(`./grafana/dashboards:${providers[0].options.path}:ro`);
    expect(uid).toBe('nestjs-tracing');
  });

  it('shows rate, errors, durations, handlers, messages, the queue and the lines', () => {
    expect(panels.map(({ title }: any) => title)).toEqual([
      'Requests a second',
      'Share of requests that fail',
      'In flight',
      'Duration by route, 95th percentile',
      'Duration by route, median',
      'Slowest handlers',
      'Messages and jobs a second',
      'Queue of the exporter',
      'Lines',
    ]);
    expect(new Set(panels.map(({ id }: any) => id)).size).toBe(panels.length);
  });

  it('asks sources that there are, for services that were chosen', () => {
    const asked = [...panels, ...panels.flatMap((panel: any) => panel.targets)];
    for (const { datasource } of asked) {
      expect(sourceNamed(datasource.uid)?.type).toBe(datasource.type);
    }
    const variables = templating.list.map(({ name }: any) => name);
    for (const { expr } of panelQueries()) {
      const used = [...expr.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name);
      expect(variables).toEqual(expect.arrayContaining(used));
    }
  });

  it('leads from a line to its trace', () => {
    expect(sourceNamed('loki').jsonData.derivedFields).toEqual([
      expect.objectContaining({
        matcherType: 'label',
        matcherRegex: 'trace_id',
        datasourceUid: 'tempo',
        url: '$${__value.raw}',
      }),
    ]);
    expect(panels.at(-1)).toMatchObject({ type: 'logs', options: { enableLogDetails: true } });
  });

  it('leads from a trace to its lines', () => {
    expect(sourceNamed('tempo').jsonData.tracesToLogsV2).toMatchObject({
      datasourceUid: 'loki',
      customQuery: true,
      query: '{service_name=~".+"} | trace_id="$${__trace.traceId}"',
    });
  });

  it('leads from an exemplar to its trace', () => {
    expect(sourceNamed('prometheus').jsonData.exemplarTraceIdDestinations).toEqual([
      { name: 'trace_id', datasourceUid: 'tempo' },
    ]);
    const [query] = panels.find(({ title }: any) => title.endsWith('95th percentile')).targets;
    expect(query).toMatchObject({ exemplar: true });
  });
});

describe('a query of Prometheus', () => {
  /** By name, the labels that an application gives it. */
  const exposed = new Map<string, Set<string>>();
  let shop: MessagesApp;

  beforeAll(async () => {
    shop = await MessagesApp.start();
    await shop.work();
    await shop.send('/api/messages');
    await shop.sink.finishes(1);
    for (const line of (await shop.scrape()).split('\n')) {
      const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
      if (name === undefined) continue;
      const known = exposed.get(name) ?? new Set(['job', 'instance']);
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
      exposed.set(name, known);
    }
    // Its own: whether a scrape worked.
    exposed.set('up', new Set(['job', 'instance']));
  });
  afterAll(() => shop.stop());

  it.each([...new Set(promQueries())])('uses what an application exposes: %s', (expr) => {
    expect(metricsIn(expr)).not.toEqual([]);
    for (const metric of metricsIn(expr)) {
      expect([...(exposed.get(metric) ?? [])]).toEqual(expect.arrayContaining(labelsIn(expr)));
    }
  });

  it('is about logs that Loki has under the names in which they were sent', async () => {
    await eventually(() => shop.receiver.logs.length > 0, 'the logs');
    const finish = shop.receiver.logs.find(({ body }) => body === 'Request finished')!;
    expect(finish.severityText).toBe('ERROR');
    expect(finish.resource['service.name']).toBe(SERVICE);
    expect(finish.attributes).toMatchObject({
      handler: 'MessagesController.list',
      duration_ms: expect.any(Number),
    });
    expect(finish.traceId).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the reader of queries', () => {
  it('distinguishes metrics from functions, labels, numbers and texts', () => {
    const expr =
      'sum by (job, le) (rate(a_total{b="x{y}",c!~"d.*"}[5m])) / on(job) group_left (z) max(e:f) > 1 and f';
    expect(metricsIn(expr)).toEqual(['a_total', 'e:f', 'f']);
    expect(labelsIn(expr).toSorted()).toEqual(['b', 'c', 'job', 'le', 'z']);
  });
});
