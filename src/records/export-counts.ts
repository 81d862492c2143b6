import { sharedState } from './shared-state.js';

/** Counts of the spans or log records that were given to one exporter. */
export interface ExportCounts {
  readonly signal: 'traces' | 'logs';
  /** Waiting to be sent, or being sent. */
  readonly queued: number;
  readonly exported: number;
  /** Rejected by the collector, or not delivered: also what a shutdown had no time for. */
  readonly failed: number;
  /** Dropped because the queue was full, in number or in bytes. */
  readonly dropped: number;
  /** Left out because `keep` does not choose their traces. */
  readonly leftOut: number;
}

/** The counts of all exporters of this process, so that metrics need not import the exporters. */
export const exportQueues = sharedState('export-queues', () => new Set<ExportCounts>());
