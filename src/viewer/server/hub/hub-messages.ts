import type { LevelRule } from '../../../options/level-rule-options.js';
import type { ViewRecord } from '../../view-records.js';

/** The process whose page shows the records of all. */
export interface HubOwnerFacts {
  readonly service: string;
  /** The URL of its page, without the token; missing until its server listens. */
  readonly url?: string | undefined;
}

/** A rule for the log level, under an id that all processes know it by. */
export type CommonRule = Pick<LevelRule, 'id' | 'target' | 'level' | 'expiresAt' | 'entries'>;

/** What an owner sends to the others, as a line of JSON. */
export type OwnerMessage =
  /** The first: the last record of the process that the owner has, and the rules that are valid. */
  | { readonly welcome: { readonly seq: number; readonly rules: readonly string[] } }
  /** There are too many processes. */
  | { readonly full: true }
  | { readonly owner: HubOwnerFacts }
  | { readonly rule: CommonRule }
  /** The id of a rule. */
  | { readonly ended: string };

/** How many records a process has dropped since its start. */
export interface DropCounts {
  readonly requests: number;
  readonly lines: number;
  readonly spans: number;
}

/** A record that a process sends to the owner. */
export interface SentRecord {
  /** Greater than that of each record that the process has sent before. */
  readonly seq: number;
  readonly type: RecordType;
  readonly json: string;
  readonly isNotable: boolean;
}

/** What the others send to the owner. */
export type MemberMessage = SentRecord | { readonly dropped: DropCounts };

/** What is sent to another process: its counts of dropped records are a message of their own. */
export type RecordType = Exclude<ViewRecord['type'], 'drops'>;

const RECORD = /^(\d{1,15}) (request|line|span)(!?) (?=\{)/;
const DROPS = /^drops (\d{1,15}) (\d{1,15}) (\d{1,15})$/;

/** A record as a line: its number, its type, a mark for a notable one, its JSON. */
export function recordLine({ seq, type, json, isNotable }: SentRecord): string {
  return `${seq} ${type}${isNotable ? '!' : ''} ${json}\n`;
}

export function dropsLine({ requests, lines, spans }: DropCounts): string {
  return `drops ${requests} ${lines} ${spans}\n`;
}

/** `undefined` for what is no such message, and for a record that is no JSON of its type. */
export function readMemberMessage(line: string): MemberMessage | undefined {
  const record = RECORD.exec(line);
  if (record === null) {
    const [, requests, lines, spans] = DROPS.exec(line) ?? [];
    if (requests === undefined) return undefined;
    return { dropped: { requests: Number(requests), lines: Number(lines), spans: Number(spans) } };
  }
  const json = line.slice(record[0].length);
  const type = record[2] as RecordType;
  try {
    // A page reads many records as one list: one that is no JSON would hide the others.
    if ((JSON.parse(json) as { type?: unknown }).type !== type) return undefined;
  } catch {
    return undefined;
  }
  return { seq: Number(record[1]), type, json, isNotable: record[3] === '!' };
}

/** `undefined` for what is no JSON object. What is in it is checked by what it is for. */
export function readOwnerMessage(line: string): Partial<UnionOf<OwnerMessage>> | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The properties of all members of a union. */
type UnionOf<T> = {
  readonly [K in T extends unknown ? keyof T : never]: Extract<T, Readonly<Record<K, unknown>>>[K];
};
