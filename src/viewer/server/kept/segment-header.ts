import type { ProcessIdentity } from './running-instances.js';

/** The first line of a segment. */
export interface SegmentHeader extends ProcessIdentity {
  /** What the run had restored when it began: the last record of each earlier run. */
  readonly restored: Readonly<Record<string, number>>;
  /** How many records that were: its own numbers begin after them. */
  readonly restoredCount: number;
}

const VERSION = 1;
/** Earlier runs that a header names, the latest ones. */
export const MAX_RESTORED = 500;

export function headerLine(header: SegmentHeader): string {
  return `${JSON.stringify({ version: VERSION, ...header })}\n`;
}

/** The header in a line; `undefined` for any other text. */
export function parseHeader(line: string): SegmentHeader | undefined {
  try {
    const value = JSON.parse(line) as Partial<SegmentHeader & { version: number }> | null;
    if (typeof value !== 'object' || value?.version !== VERSION) return undefined;
    const { host, pid, started, restored = {}, restoredCount = 0 } = value;
    const isIdentity = typeof host === 'string' && typeof started === 'string';
    if (!isIdentity || typeof restoredCount !== 'number' || !Number.isSafeInteger(pid) || pid! < 1)
      return undefined;
    return {
      ...{ host, pid: pid!, started, restoredCount },
      restored: Object.fromEntries(
        Object.entries(restored)
          .filter(([, seq]) => Number.isSafeInteger(seq))
          .slice(-MAX_RESTORED),
      ),
    };
  } catch {
    // Something else has the name of a segment.
    return undefined;
  }
}
