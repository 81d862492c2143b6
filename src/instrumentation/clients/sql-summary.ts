import { expectedAfter, newLevel, type Level } from './sql-level.js';
import { SqlCursor } from './sql-cursor.js';
import type { SqlDialect } from './sql-dialect.js';
import { shownName } from './sql-names.js';
import { SummaryParts, type Part, type SqlSummary } from './sql-summary-parts.js';
import type { SqlToken } from './sql-tokens.js';
import {
  AFTER_TABLES,
  BEFORE_NAME,
  DATA,
  DEFINITIONS,
  NO_NAME,
  OBJECTS,
  OPAQUE,
  OPERATIONS,
  ROUTINES,
} from './sql-words.js';

/** Deeper parentheses are read as if they were at this depth. */
const MAX_DEPTH = 64;

/**
 * Reads operations and tables from the tokens of a statement.
 *
 * A table is named without its schema, which may be a customer's, and as {@link shownName} allows.
 * Names of common table expressions, table functions, variables and aliases are no tables.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query
 */
export function summarize(tokens: readonly SqlToken[], dialect: SqlDialect): SqlSummary {
  const reader = new SummaryReader(tokens, dialect);
  reader.read();
  return reader.parts.summary;
}

class SummaryReader extends SqlCursor {
  readonly parts = new SummaryParts();
  private levels: Level[] = [newLevel(true)];
  private readonly expressions = new Set<string>();

  constructor(
    tokens: readonly SqlToken[],
    private readonly dialect: SqlDialect,
  ) {
    super(tokens);
  }

  read(): void {
    for (; this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at]!;
      if (token.kind === 'symbol') this.readSymbol(token.text);
      else this.readOther(token);
    }
    this.endStatement();
  }

  private get level(): Level {
    return this.levels[this.levels.length - 1]!;
  }

  private readSymbol(symbol: string): void {
    const { level, levels } = this;
    if (symbol === '(') {
      const inner = newLevel(true);
      // A join in parentheses.
      if (level.expects === 'source') {
        inner.expects = 'source';
        inner.isList = true;
      }
      level.expects = undefined;
      if (levels.length < MAX_DEPTH) levels.push(inner);
    } else if (symbol === ')') {
      if (levels.length > 1) levels.pop();
      if (this.level.isWith && this.tokens[this.at + 1]?.text === ',') this.nameExpression(2);
    } else if (symbol === ';') {
      this.endStatement();
    } else if (symbol === ',') {
      level.expects = level.isList ? 'source' : undefined;
    } else if (symbol !== '{' && symbol !== '=' && symbol !== '?') {
      level.expects = undefined;
    }
  }

  private readOther({ kind, keyword }: SqlToken): void {
    const { level } = this;
    if (this.tokens[this.at - 1]?.text === '.' && this.at > 0) return;
    if (level.expects !== undefined && this.readTarget(level)) return;
    if (kind === 'parameter') return;
    if (kind !== 'word') {
      level.isStart = false;
      return;
    }
    if (keyword === 'WITH' && this.mayHaveExpressions() && this.isExpressionNext()) {
      level.isWith = true;
      level.isStart = true;
      if (this.levels.length === 1 && this.parts.isEmpty) this.parts.add('WITH');
      this.nameExpression(this.tokens[this.at + 1]?.keyword === 'RECURSIVE' ? 2 : 1);
    } else if (keyword === 'SELECT' || (level.isStart && this.isOperation(keyword))) {
      this.begin(keyword);
    } else {
      this.readClause(keyword);
    }
  }

  private mayHaveExpressions(): boolean {
    return this.level.isStart || this.level.part?.operation === 'INSERT';
  }

  private nameExpression(offset: number): void {
    const name = this.tokens[this.at + offset]?.text;
    if (name !== undefined) this.expressions.add(name.toLowerCase());
    this.at += offset;
  }

  private isOperation(keyword: string): boolean {
    const isInner = this.levels.length > 1 || !this.parts.isEmpty;
    if (!isInner) return OPERATIONS.has(keyword);
    if (keyword === 'VALUES' || keyword === 'TABLE' || keyword === 'REPLACE') return false;
    return DATA.has(keyword);
  }

  private begin(keyword: string): void {
    const { level } = this;
    const isMain =
      level.isWith && this.levels.length === 1 && this.parts.first?.operation === 'WITH';
    level.part = this.parts.add(keyword, isMain);
    level.isStart = keyword === 'EXPLAIN' || keyword === 'DESCRIBE' || keyword === 'DESC';
    level.isWith = false;
    const after = expectedAfter(keyword);
    level.expects = after?.expects;
    level.isList = after?.isList ?? false;
    if (keyword === 'DELETE' && !this.hasFromAhead()) level.expects = 'table';
    if (keyword.startsWith('EXEC') && this.dialect.isTransactSql) level.expects = 'procedure';
    if (keyword === 'START' && this.keywordAt(1) === 'TRANSACTION') {
      level.part.shown = 'START TRANSACTION';
    }
    if (DEFINITIONS.has(keyword)) this.readDefinition(level, level.part);
    if (OPAQUE.has(keyword)) this.skipStatement();
  }

  /** What `CREATE …` and the like are about. Only tables and views are named. */
  private readDefinition(level: Level, part: Part): void {
    for (let i = 1; i <= 12; i++) {
      const keyword = this.keywordAt(i);
      if (!OBJECTS.has(keyword)) continue;
      this.at += i;
      part.shown = `${part.operation} ${keyword}`;
      if (keyword === 'TABLE' || keyword === 'VIEW') {
        level.expects = 'table';
        level.isList = part.operation === 'DROP';
      } else if (ROUTINES.has(keyword) && part.operation !== 'DROP') {
        // Its body consists of statements that do not run now.
        this.at = this.tokens.length;
      } else if (keyword !== 'INDEX') {
        this.skipStatement();
      }
      return;
    }
    this.skipStatement();
  }

  private readClause(keyword: string): void {
    const { level } = this;
    const { part } = level;
    if (keyword === 'JOIN' || keyword === 'STRAIGHT_JOIN') {
      if (level.isList || this.levels.length > 1) level.expects = 'source';
    } else if (keyword === 'FROM') {
      if (part === undefined || !DATA.has(part.operation)) return;
      if (this.keywordAt(-1) === 'DISTINCT' && this.keywordAt(-2) !== 'SELECT') return;
      level.expects = 'source';
      level.isList = true;
    } else if (keyword === 'INTO') {
      if (part !== undefined) level.expects = 'table';
    } else if (keyword === 'USING') {
      if (part?.operation === 'MERGE' || part?.operation === 'DELETE') level.expects = 'source';
    } else if (keyword === 'ON') {
      if (part?.shown === 'CREATE INDEX') level.expects = 'table';
    } else if (AFTER_TABLES.has(keyword)) {
      level.isList = false;
      level.expects = undefined;
      // `UNION (VALUES …)`, and data after it, are no new operations.
      if (level.isWith) return;
    }
    if (part !== undefined && part.operation !== 'EXPLAIN') level.isStart = false;
    if (part === undefined && !level.isWith) level.isStart = false;
  }

  /** Reads the name of a table or procedure. Returns `false` where there is none. */
  private readTarget(level: Level): boolean {
    const { expects } = level;
    const first = this.tokens[this.at]!;
    if (first.kind === 'parameter') {
      // `EXEC @result = procedure`, and a variable that is a table.
      if (expects !== 'procedure') level.expects = undefined;
      return true;
    }
    if (first.kind === 'literal') {
      level.expects = undefined;
      return false;
    }
    if (first.kind === 'word') {
      if (NO_NAME.has(first.keyword)) {
        level.expects = undefined;
        return false;
      }
      if (BEFORE_NAME.has(first.keyword) && !this.endsName(1)) {
        // INSERT OR REPLACE.
        if (first.keyword === 'OR') this.at++;
        return true;
      }
      if (first.keyword === 'TOP' && this.tokens[this.at + 1]?.text === '(') {
        this.at += 3;
        return true;
      }
    }
    let last = first;
    let isQualified = false;
    while (this.tokens[this.at + 1]?.text === '.') {
      isQualified = true;
      this.at++;
      const next = this.tokens[this.at + 1];
      if (next?.kind !== 'word' && next?.kind !== 'quoted') continue;
      last = next;
      this.at++;
    }
    level.expects = undefined;
    level.isStart = false;
    const name = shownName(last.text);
    if (expects === 'procedure') {
      this.parts.procedure = name;
    } else if (expects === 'source' && this.tokens[this.at + 1]?.text === '(') {
      // A function, or a table with hints of SQL Server.
      if (!this.dialect.isTransactSql) return true;
    }
    if (isQualified || !this.expressions.has(last.text.toLowerCase()))
      this.parts.addTarget(level.part ?? this.outerPart(), name);
    return true;
  }

  private outerPart(): Part | undefined {
    for (let i = this.levels.length - 1; i >= 0; i--) {
      const { part } = this.levels[i]!;
      if (part !== undefined) return part;
    }
    return undefined;
  }

  private endStatement(): void {
    this.parts.endStatement();
    this.expressions.clear();
    this.levels = [newLevel(true)];
  }
}
