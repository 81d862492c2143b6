import type { Findings } from './findings.js';
import { SECRET } from './introductions.js';

/** What is read of a line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly trace_id: string;
  readonly request_id: string;
  readonly session_id: string;
  readonly span_id: string;
  readonly context?: string;
  /** Set with `TraceContext.set`. */
  readonly seq?: string;
  readonly in_span?: boolean;
  readonly path?: string;
  readonly job?: string;
  readonly handler?: string;
  readonly outcome?: string;
  readonly status_code?: number;
  readonly duration_ms?: number;
  readonly parent_span_id?: string;
  readonly steps?: readonly { readonly name: string }[];
}

/** Receives the parsed lines. */
interface Listener {
  spoke(seq: number, line: LogLine): void;
  ended(seq: number, line: LogLine): void;
}

/** What NestJS says before the first request. */
const START = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);
const LAST_NUMBER = /(\d+)$/;
const OWN_LINE = /^#(\d+) /;

/** Splits a server's standard output into lines, and finds the unit of work of each. */
export class LogReader {
  private rest = '';

  constructor(
    private readonly listener: Listener,
    private readonly findings: Findings,
  ) {}

  read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.readLine(line);
  }

  private readLine(text: string): void {
    if (text.includes(SECRET)) this.findings.add('a secret in the log', text);
    const line = parse(text);
    if (line === undefined) {
      this.findings.add('not JSON', text);
      return;
    }
    const isAccessLogEntry = line.message.endsWith(' finished');
    const seq = isAccessLogEntry
      ? LAST_NUMBER.exec(line.path ?? line.job ?? '')?.[1]
      : OWN_LINE.exec(line.message)?.[1];
    if (seq === undefined) {
      const isOfStart = line.request_id === '-' && START.has(line.context ?? '');
      if (!isOfStart) this.findings.add('a line that speaks of nothing', text);
    } else if (isAccessLogEntry) {
      this.listener.ended(Number(seq), line);
    } else {
      this.listener.spoke(Number(seq), line);
    }
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const line = JSON.parse(text) as LogLine;
    return typeof line.message === 'string' ? line : undefined;
  } catch {
    return undefined;
  }
}
