import type { ProcessIdentity } from './running-instances.js';

/** The first line of a segment: whose it is. */
export type SegmentHeader = ProcessIdentity;

const VERSION = 1;

export function headerLine(header: SegmentHeader): string {
  return `${JSON.stringify({ version: VERSION, ...header })}\n`;
}

/** The header in a line; `undefined` for any other text. */
export function parseHeader(line: string): SegmentHeader | undefined {
  try {
    const value = JSON.parse(line) as Partial<SegmentHeader & { version: number }> | null;
    if (typeof value !== 'object' || value?.version !== VERSION) return undefined;
    const { host, pid, started } = value;
    const isIdentity = typeof host === 'string' && typeof started === 'string';
    if (!isIdentity || !Number.isSafeInteger(pid) || pid! < 1) return undefined;
    return { host, pid: pid!, started };
  } catch {
    // Something else has the name of a segment.
    return undefined;
  }
}
