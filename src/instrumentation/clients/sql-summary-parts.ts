import { HIDDEN } from './sql-names.js';

/** What a statement does, low in cardinality. */
export interface SqlSummary {
  /** `SELECT`; `undefined` where several statements differ in it, and for an unknown one. */
  readonly operation: string | undefined;
  /** The table, where there is exactly one. */
  readonly collection: string | undefined;
  /** The procedure that a statement calls. */
  readonly procedure: string | undefined;
  /** Operations and tables, as in `SELECT orders users`; empty for an unknown statement. */
  readonly text: string;
}

/** The longest summary, as OpenTelemetry defines it. */
const MAX_SUMMARY = 255;
/** Further tables of one operation are left out. */
const MAX_TARGETS = 16;
/** One operation of a statement. */
export interface Part {
  readonly operation: string;
  /** `CREATE TABLE`. */
  shown: string;
  readonly targets: string[];
}

/** The operations of a text with one or more statements, in the order in which they are shown. */
export class SummaryParts {
  /** The procedure that is called. */
  procedure: string | undefined;
  private readonly statements: Part[][] = [];
  private parts: Part[] = [];

  /** Whether the statement has no operation so far. */
  get isEmpty(): boolean {
    return this.parts.length === 0;
  }

  get first(): Part | undefined {
    return this.parts[0];
  }

  get summary(): SqlSummary {
    const operations = new Set(this.statements.map(([main]) => main!.operation));
    const tables = new Set(this.statements.flat().flatMap(({ targets }) => targets));
    const [operation] = operations;
    const [table] = tables;
    return {
      operation: operations.size === 1 ? operation : undefined,
      collection:
        tables.size === 1 && table !== HIDDEN && this.procedure === undefined ? table : undefined,
      procedure: this.procedure,
      text: this.summaryText(),
    };
  }

  /** Cut between words. What repeats the words before it is left out. */
  private summaryText(): string {
    let text = '';
    let last = '';
    for (const { shown, targets } of this.statements.flat()) {
      const part = [shown, ...targets].join(' ');
      if (part === last) continue;
      last = part;
      for (const word of part.split(' ')) {
        const longer = text === '' ? word : `${text} ${word}`;
        if (longer.length > MAX_SUMMARY) return text;
        text = longer;
      }
    }
    return text;
  }

  /** The part of the statement for an operation. A query in a query adds its tables to it. */
  add(operation: string, isMain = false): Part {
    const { parts } = this;
    let part = parts.find((one) => one.operation === operation);
    if (part === undefined) {
      part = { operation, shown: operation, targets: [] };
      parts.push(part);
    }
    if (isMain)
      this.parts = [part, ...parts.filter((one) => one !== part && one.operation !== 'WITH')];
    return part;
  }

  addTarget(part: Part | undefined, name: string): void {
    if (part === undefined || part.targets.length >= MAX_TARGETS) return;
    if (!part.targets.includes(name)) part.targets.push(name);
  }

  /** Call it at the end of each statement. */
  endStatement(): void {
    const kept = this.parts.filter(
      ({ operation, targets }, i) => i === 0 || operation !== 'SELECT' || targets.length > 0,
    );
    if (kept.length > 0) this.statements.push(kept);
    this.parts = [];
  }
}
