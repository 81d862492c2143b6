import { DEFAULT_REDACTION, type Redaction } from './redaction.js';

/** Bytes of UTF-8 that a line has at most, its newline included. */
export const DEFAULT_MAX_ENTRY_BYTES = 65_536;

/** What a line may hold: how much, and what not. */
export interface LineLimits {
  readonly maxBytes: number;
  readonly redaction: Redaction;
}

export const DEFAULT_LINE_LIMITS: LineLimits = Object.freeze({
  maxBytes: DEFAULT_MAX_ENTRY_BYTES,
  redaction: DEFAULT_REDACTION,
});
