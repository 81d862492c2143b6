import { sharedState } from './shared-state.js';

/** What became of the data that was given to one exporter. */
export interface ExportCounts {
  readonly signal: 'traces' | 'logs';
  /** Waiting now. */
  readonly queued: number;
  readonly exported: number;
  /** Refused by the collector, or lost on the way there. */
  readonly failed: number;
  /** Not taken, because too many waited. */
  readonly dropped: number;
}

/** The exporters of this process: whoever measures them need not know who they are. */
export const exportQueues = sharedState('export-queues', () => new Set<ExportCounts>());
