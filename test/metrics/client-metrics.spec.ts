import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Registry } from 'prom-client';
import { sqlCall } from '../../src/instrumentation/clients/sql-call.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { openClientCall, originOfCall, type ClientCallStart } from '../../src/spans/client-call.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const METRIC = 'db_client_operation_duration_seconds';

interface Sample {
  readonly metricName?: string;
  readonly labels: Partial<Record<string, string | number>>;
  readonly value: number;
}

function call(start: ClientCallStart, error?: unknown): void {
  const origin = originOfCall('databases')!;
  const open = openClientCall(origin, 'databases', start);
  if (error === undefined) open.end();
  else open.fail(error);
}

function query(statement: string, error?: unknown): void {
  call(sqlCall(originOfCall('databases')!, 'postgresql', statement), error);
}

const named = (system: string, operation: string): ClientCallStart => ({
  name: operation,
  attributes: { 'db.system.name': system, 'db.operation.name': operation },
});

class ConnectionLost extends Error {}

@Controller()
class QueriesController {
  @Get('queries')
  queries(): string {
    query('SELECT * FROM orders');
    query('select 1');
    query("INSERT INTO a VALUES ('canary')", Object.assign(new Error('canary'), { code: '23505' }));
    query('BEGIN; SELECT 1');
    query('canary');
    call(named('redis', 'GET'), new ConnectionLost('canary'));
    call(named('mongodb', 'find'), Object.assign(new Error('x'), { code: 11000 }));
    call(named('mongodb', 'find'), Object.assign(new ConnectionLost('x'), { code: 'a canary' }));
    call(named('mongodb', 'find'), 'canary');
    call({ name: 'other', attributes: { 'server.address': 'host' } });
    return 'queried';
  }

  @Get('many')
  many(): string {
    for (let i = 0; i < 900; i++) call(named('mysql', `MADE_UP_${i}`));
    for (let i = 0; i < 60; i++) call(named(`system_${i}`, 'GET'));
    return 'many';
  }

  @Get('many-errors')
  manyErrors(): string {
    for (let i = 0; i < 200; i++) {
      call(named('mysql', 'GET'), Object.assign(new Error('x'), { code: `E${i}` }));
    }
    return 'many';
  }
}

describe.each(PLATFORMS)('the metric of database calls on %s', (platform) => {
  const start = async (...paths: string[]) => {
    const registry = new Registry();
    const { send } = await tracedApp(platform)
      .of({
        imports: [TracingMetricsModule.forRoot({ registry })],
        controllers: [QueriesController],
      })
      .start();
    for (const path of paths) expect((await send(path)).status).toBe(200);
    const { values } = await registry.getSingleMetric(METRIC)!.get();
    const samples: Sample[] = values;
    const counts = samples.filter(({ metricName }) => metricName === `${METRIC}_count`);
    return { send, samples, counts };
  };

  it('has system, operation and kind of error, and nothing of a statement', async () => {
    const { samples, counts, send } = await start('/queries');
    const found = counts.map(({ labels, value }) => [
      labels['db_system_name'],
      labels['db_operation_name'],
      labels['error_type'],
      value,
    ]);
    expect(found).toEqual([
      ['postgresql', 'SELECT', '', 2],
      ['postgresql', 'INSERT', '23505', 1],
      ['postgresql', '', '', 1],
      ['postgresql', '_OTHER', '', 1],
      ['redis', 'GET', 'ConnectionLost', 1],
      ['mongodb', 'find', '11000', 1],
      ['mongodb', 'find', 'ConnectionLost', 1],
      ['mongodb', 'find', '_OTHER', 1],
    ]);
    const bounds = new Set(samples.map(({ labels }) => labels['le']).filter(Boolean));
    expect([...bounds]).toEqual([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, '+Inf']);
    const accept = 'application/openmetrics-text';
    const text = await (await send('/metrics', { headers: { accept } })).text();
    expect(text).toMatch(
      /db_client_operation_duration_seconds_bucket.*# \{trace_id="[0-9a-f]{32}"\}/,
    );
    expect(text).not.toContain('canary');
  });

  it('is bounded in operations, systems and errors, and counts each call', async () => {
    const { counts } = await start('/many', '/many-errors');
    const valuesOf = (name: string) => new Set(counts.map(({ labels }) => labels[name]));
    expect(valuesOf('db_operation_name').size).toBeLessThanOrEqual(501);
    expect(valuesOf('db_system_name').size).toBe(51);
    expect(valuesOf('error_type').size).toBe(102);
    expect(counts.reduce((sum, { value }) => sum + value, 0)).toBe(1_160);
  });
});
