import type { Counter, Gauge, Registry } from 'prom-client';
import { exportQueues, type ExportCounts } from '../records/export-counts.js';
import { promClient } from './prom-client.js';

const QUEUE_SIZE = 'otlp_exporter_queue_size';
const LABELS = ['signal'];

/**
 * Metrics of the OTLP exporters of this process: what is queued, exported and lost. The values are
 * read on a scrape, so that an export itself costs nothing here.
 */
export function measureExports(registry: Registry): void {
  if (registry.getSingleMetric(QUEUE_SIZE) !== undefined) return;
  registry.registerMetric(queueSize());
  const totals = [
    total('exported', 'that the collector accepted', ({ exported }) => exported),
    total('failed', 'that the collector rejected or did not receive', ({ failed }) => failed),
    total('dropped', 'that were dropped because the queue was full', ({ dropped }) => dropped),
    total('left_out', 'of traces that `keep` does not choose', ({ leftOut }) => leftOut),
  ];
  for (const one of totals) registry.registerMetric(one);
}

function queueSize(): Gauge {
  return new promClient.Gauge({
    name: QUEUE_SIZE,
    help: 'Number of spans or log records that wait to be sent, or are being sent.',
    labelNames: LABELS,
    registers: [],
    collect() {
      this.reset();
      for (const { signal, queued } of exportQueues) this.inc({ signal }, queued);
    },
  });
}

function total(what: string, help: string, read: (counts: ExportCounts) => number): Counter {
  return new promClient.Counter({
    name: `otlp_exporter_${what}_total`,
    help: `Number of spans or log records ${help}.`,
    labelNames: LABELS,
    registers: [],
    collect() {
      this.reset();
      for (const counts of exportQueues) this.inc({ signal: counts.signal }, read(counts));
    },
  });
}
