import { Counter, Gauge, type Registry } from 'prom-client';
import { exportQueues, type ExportCounts } from '../events/export-counts.js';

const LABELS = ['signal'] as const;

/**
 * How the exporters of the process fare: what waits, what went out, what was lost. Read when
 * somebody scrapes, so that an export costs nothing here.
 */
export function measureExports(registry: Registry): void {
  const queue = {
    name: 'otlp_exporter_queue_size',
    help: 'Number of spans or log records that wait to be sent.',
  };
  if (registry.getSingleMetric(queue.name) !== undefined) return;
  new Gauge({
    ...queue,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      for (const { signal, queued } of exportQueues) this.set({ signal }, queued);
    },
  });
  total(registry, 'exported', 'that the collector took', ({ exported }) => exported);
  total(registry, 'failed', 'that the collector refused or never got', ({ failed }) => failed);
  total(registry, 'dropped', 'that found the queue full', ({ dropped }) => dropped);
}

function total(
  registry: Registry,
  what: string,
  help: string,
  read: (counts: ExportCounts) => number,
): void {
  new Counter({
    name: `otlp_exporter_${what}_total`,
    help: `Number of spans or log records ${help}.`,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const counts of exportQueues) this.inc({ signal: counts.signal }, read(counts));
    },
  });
}
