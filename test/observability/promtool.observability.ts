import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { MessagesApp } from './messages-app.js';
import { STACK } from './stack.js';

function promtool(args: string[], input = ''): { status: number | null; output: string } {
  const options = { cwd: STACK, input, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.env['PROMTOOL']!, args, options);
  return { status, output: stdout + stderr };
}

describe('promtool', () => {
  it('has nothing to say of the metrics of an application', async () => {
    const shop = await MessagesApp.start();
    await shop.work();
    for (const path of ['/api/quick', '/api/messages', '/nowhere']) await shop.send(path);
    await shop.sink.finishes(3);
    const text = await shop.scrape();
    await shop.stop();
    for (const name of [
      'http_server_request_duration_seconds_bucket',
      'otlp_exporter_queue_size',
    ]) {
      expect(text).toContain(name);
    }
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, output: '' });
  });

  it('would have something to say', () => {
    const { status, output } = promtool(['check', 'metrics'], '# TYPE things counter\nthings 1\n');
    expect([status, output]).toEqual([3, expect.stringContaining('things')]);
  });

  it('understands the alert rules', () => {
    const { status, output } = promtool(['check', 'rules', 'alerts.yaml']);
    expect([status, output]).toEqual([0, expect.stringContaining('5 rules found')]);
  });

  it('fires the alert rules when they should fire, and only then', () => {
    expect(promtool(['test', 'rules', 'alerts.test.yaml'])).toMatchObject({ status: 0 });
  });

  it('understands the configuration of Prometheus', () => {
    const { status, output } = promtool(['check', 'config', 'prometheus.yaml']);
    expect([status, output]).toEqual([0, expect.stringContaining('1 rule files found')]);
  });
});
