import { sharedState } from './shared-state.js';

/** Counts of the spans or log records that were given to one exporter. */
export interface ExportCounts {
  readonly signal: 'traces' | 'logs';
  /** Currently in the queue. */
  readonly queued: number;
  readonly exported: number;
  /** Rejected by the collector, or not delivered. */
  readonly failed: number;
  /** Dropped because the queue was full. */
  readonly dropped: number;
}

/** The counts of all exporters of this process, so that metrics need not import the exporters. */
export const exportQueues = sharedState('export-queues', () => new Set<ExportCounts>());
