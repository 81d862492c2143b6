import type { Part } from './sql-summary-parts.js';

/** What is known between two parentheses, or outside of all. */
export interface Level {
  /** The operation that the tables at this level belong to. */
  part: Part | undefined;
  /** Whether an operation may begin here. */
  isStart: boolean;
  /** Whether the operation follows common table expressions. */
  isWith: boolean;
  expects: 'table' | 'source' | 'procedure' | undefined;
  /** Whether a comma is followed by another table. */
  isList: boolean;
}

export const newLevel = (isStart: boolean): Level => ({
  part: undefined,
  isStart,
  isWith: false,
  expects: undefined,
  isList: false,
});

/** What follows an operation, where that is a name. */
export interface Expected {
  readonly expects: Level['expects'];
  readonly isList: boolean;
}

const TABLE: Expected = { expects: 'table', isList: false };
const TABLES: Expected = { expects: 'table', isList: true };

const EXPECTED: ReadonlyMap<string, Expected> = new Map([
  ['INSERT', TABLE],
  ['REPLACE', TABLE],
  ['MERGE', TABLE],
  ['UPSERT', TABLE],
  ['COPY', TABLE],
  ['TABLE', TABLE],
  ['TRUNCATE', TABLES],
  ['LOCK', TABLES],
  ['UPDATE', { expects: 'source', isList: true }],
  ['CALL', { expects: 'procedure', isList: false }],
]);

export function expectedAfter(operation: string): Expected | undefined {
  return EXPECTED.get(operation);
}
