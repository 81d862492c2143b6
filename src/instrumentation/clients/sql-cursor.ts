import type { SqlToken } from './sql-tokens.js';
import { AFTER_TABLES } from './sql-words.js';

/** A place among the tokens of a statement, and what is around it. */
export abstract class SqlCursor {
  protected at = 0;

  constructor(protected readonly tokens: readonly SqlToken[]) {}

  /** Whether the WITH here begins common table expressions, and no option such as `WITH (NOLOCK)`. */
  protected isExpressionNext(): boolean {
    const isRecursive = this.tokens[this.at + 1]?.keyword === 'RECURSIVE';
    const name = this.tokens[this.at + (isRecursive ? 2 : 1)];
    const next = this.tokens[this.at + (isRecursive ? 3 : 2)];
    if (name?.kind !== 'word' && name?.kind !== 'quoted') return false;
    return next?.keyword === 'AS' || next?.text === '(';
  }

  protected hasFromAhead(): boolean {
    for (let i = this.at + 1; i < this.tokens.length; i++) {
      const { text, keyword } = this.tokens[i]!;
      if (keyword === 'FROM') return true;
      if (keyword === 'WHERE' || text === ';' || text === ')') return false;
    }
    return false;
  }

  protected keywordAt(offset: number): string {
    return this.tokens[this.at + offset]?.keyword ?? '';
  }

  protected skipStatement(): void {
    while (this.at + 1 < this.tokens.length && this.tokens[this.at + 1]!.text !== ';') this.at++;
  }

  /** Whether a word that could come before a name is one itself: what follows ends a name. */
  protected endsName(offset: number): boolean {
    const next = this.tokens[this.at + offset];
    if (next === undefined) return true;
    if (next.kind === 'word') return AFTER_TABLES.has(next.keyword);
    return next.kind === 'symbol' && next.text !== '(';
  }
}
