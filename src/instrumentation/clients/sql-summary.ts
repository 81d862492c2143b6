import type { SqlDialect } from './sql-dialect.js';
import { HIDDEN, shownName } from './sql-names.js';
import type { SqlToken } from './sql-tokens.js';

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
/** Deeper parentheses are read as if they were at this depth. */
const MAX_DEPTH = 64;

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Operations that read or write tables, and may be part of others. */
const DATA = words('SELECT INSERT UPDATE DELETE MERGE REPLACE UPSERT VALUES TABLE');
/** All first words that are shown. Everything else may be a part of a value. */
const OPERATIONS = words(
  `${[...DATA].join(' ')} BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE END ABORT SAVE SET RESET ` +
    'SHOW USE DESCRIBE DESC EXPLAIN ANALYZE ANALYSE CREATE ALTER DROP TRUNCATE RENAME COMMENT ' +
    'CALL EXEC EXECUTE PREPARE DEALLOCATE DECLARE FETCH OPEN CLOSE MOVE GRANT REVOKE DENY LOCK ' +
    'UNLOCK COPY LOAD BULK VACUUM REINDEX CLUSTER CHECKPOINT DISCARD LISTEN NOTIFY UNLISTEN ' +
    'REFRESH DO PRAGMA ATTACH DETACH OPTIMIZE CHECK REPAIR FLUSH KILL HANDLER XA PRINT IF WHILE ' +
    'WAITFOR BACKUP RESTORE DBCC RAISERROR THROW SIGNAL IMPORT PURGE CHANGE STOP INSTALL ' +
    'UNINSTALL REASSIGN SECURITY GO',
);
/** Operations whose words may be names of other operations, as in `GRANT SELECT`. */
const OPAQUE = words('GRANT REVOKE DENY COMMENT SHOW SECURITY DO KILL');
/** What a definition is of. */
const OBJECTS = words(
  'TABLE VIEW INDEX DATABASE SCHEMA SEQUENCE TYPE FUNCTION PROCEDURE PROC TRIGGER EVENT EXTENSION ' +
    'USER ROLE LOGIN POLICY DOMAIN RULE SERVER PUBLICATION SUBSCRIPTION AGGREGATE OPERATOR ' +
    'STATISTICS TABLESPACE COLLATION CAST SYSTEM',
);
/** Definitions that consist of statements. */
const ROUTINES = words('FUNCTION PROCEDURE PROC TRIGGER EVENT RULE AGGREGATE');
/** Words before the name of a table that are no names. */
const BEFORE_NAME = words(
  'ONLY LATERAL LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE QUICK INTO OVERWRITE TABLE TABLES IF NOT ' +
    'EXISTS OR ABORT FAIL VIEW CONCURRENTLY',
);
/** Words that begin a clause or a query, where a table was expected. */
const NO_NAME = words(
  'SELECT WITH VALUES SET FROM WHERE JOIN ON USING AS DEFAULT OUTFILE DUMPFILE UNNEST ROWS GROUP ' +
    'ORDER HAVING LIMIT OFFSET UNION INTERSECT EXCEPT RETURNING OUTPUT FOR WINDOW INNER LEFT RIGHT ' +
    'FULL CROSS NATURAL OUTER STDIN STDOUT',
);
/** Words after which commas no longer separate tables. */
const AFTER_TABLES = words(
  'WHERE GROUP ORDER HAVING LIMIT OFFSET UNION INTERSECT EXCEPT SET RETURNING OUTPUT VALUES WINDOW ' +
    'FOR FETCH SELECT PARTITION ADD RENAME CASCADE RESTRICT IN',
);

interface Part {
  readonly operation: string;
  /** `CREATE TABLE`. */
  shown: string;
  readonly targets: string[];
}

/** What is known between two parentheses, or outside of all. */
interface Level {
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
  return reader.summary;
}

const newLevel = (isStart: boolean): Level => ({
  part: undefined,
  isStart,
  isWith: false,
  expects: undefined,
  isList: false,
});

class SummaryReader {
  private readonly statements: Part[][] = [];
  private parts: Part[] = [];
  private levels: Level[] = [newLevel(true)];
  private readonly expressions = new Set<string>();
  private procedure: string | undefined;
  private at = 0;

  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly dialect: SqlDialect,
  ) {}

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
    if (keyword === 'WITH' && this.isExpressionNext()) {
      level.isWith = true;
      level.isStart = true;
      if (this.levels.length === 1 && this.parts.length === 0) this.addPart('WITH');
      this.nameExpression(this.tokens[this.at + 1]?.keyword === 'RECURSIVE' ? 2 : 1);
    } else if (keyword === 'SELECT' || (level.isStart && this.isOperation(keyword))) {
      this.begin(keyword);
    } else {
      this.readClause(keyword);
    }
  }

  /** Whether common table expressions follow, and not an option such as `WITH (NOLOCK)`. */
  private isExpressionNext(): boolean {
    if (!this.level.isStart && this.level.part?.operation !== 'INSERT') return false;
    const isRecursive = this.tokens[this.at + 1]?.keyword === 'RECURSIVE';
    const name = this.tokens[this.at + (isRecursive ? 2 : 1)];
    const next = this.tokens[this.at + (isRecursive ? 3 : 2)];
    if (name?.kind !== 'word' && name?.kind !== 'quoted') return false;
    return next?.keyword === 'AS' || next?.text === '(';
  }

  private nameExpression(offset: number): void {
    const name = this.tokens[this.at + offset]?.text;
    if (name !== undefined) this.expressions.add(name.toLowerCase());
    this.at += offset;
  }

  private isOperation(keyword: string): boolean {
    const isInner = this.levels.length > 1 || this.parts.length > 0;
    if (!isInner) return OPERATIONS.has(keyword);
    if (keyword === 'VALUES' || keyword === 'TABLE' || keyword === 'REPLACE') return false;
    return DATA.has(keyword);
  }

  private begin(keyword: string): void {
    const { level } = this;
    const isMain = level.isWith && this.levels.length === 1 && this.parts[0]?.operation === 'WITH';
    level.part = this.addPart(keyword, isMain);
    level.isStart = keyword === 'EXPLAIN' || keyword === 'DESCRIBE' || keyword === 'DESC';
    level.isWith = false;
    level.isList = false;
    level.expects = undefined;
    switch (keyword) {
      case 'INSERT':
      case 'REPLACE':
      case 'MERGE':
      case 'UPSERT':
      case 'COPY':
      case 'TABLE':
        level.expects = 'table';
        break;
      case 'UPDATE':
        level.expects = 'source';
        level.isList = true;
        break;
      case 'DELETE':
        // MySQL and SQL Server name a table, or its alias, before FROM.
        level.expects = this.hasFromAhead() ? undefined : 'table';
        break;
      case 'TRUNCATE':
      case 'LOCK':
        level.expects = 'table';
        level.isList = true;
        break;
      case 'CALL':
        level.expects = 'procedure';
        break;
      case 'EXEC':
      case 'EXECUTE':
        if (this.dialect.isTransactSql) level.expects = 'procedure';
        break;
      case 'START':
        if (this.keywordAt(1) === 'TRANSACTION') level.part.shown = 'START TRANSACTION';
        break;
      case 'CREATE':
      case 'ALTER':
      case 'DROP':
      case 'REFRESH':
        this.readDefinition(level, level.part);
        break;
    }
    if (OPAQUE.has(keyword)) this.skipStatement();
  }

  private hasFromAhead(): boolean {
    for (let i = this.at + 1; i < this.tokens.length; i++) {
      const { text, keyword } = this.tokens[i]!;
      if (keyword === 'FROM') return true;
      if (keyword === 'WHERE' || text === ';' || text === ')') return false;
    }
    return false;
  }

  private keywordAt(offset: number): string {
    return this.tokens[this.at + offset]?.keyword ?? '';
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

  private skipStatement(): void {
    while (this.at + 1 < this.tokens.length && this.tokens[this.at + 1]!.text !== ';') this.at++;
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
      this.procedure = name;
    } else if (expects === 'source' && this.tokens[this.at + 1]?.text === '(') {
      // A function, or a table with hints of SQL Server.
      if (!this.dialect.isTransactSql) return true;
    }
    if (isQualified || !this.expressions.has(last.text.toLowerCase())) this.addTarget(level, name);
    return true;
  }

  /** Whether a word that could come before a name is one itself: what follows ends a name. */
  private endsName(offset: number): boolean {
    const next = this.tokens[this.at + offset];
    if (next === undefined) return true;
    if (next.kind === 'word') return AFTER_TABLES.has(next.keyword);
    return next.kind === 'symbol' && next.text !== '(';
  }

  private addTarget(level: Level, name: string): void {
    const part = level.part ?? this.outerPart();
    if (part === undefined || part.targets.length >= MAX_TARGETS) return;
    if (!part.targets.includes(name)) part.targets.push(name);
  }

  private outerPart(): Part | undefined {
    for (let i = this.levels.length - 1; i >= 0; i--) {
      const { part } = this.levels[i]!;
      if (part !== undefined) return part;
    }
    return undefined;
  }

  /** The part of the statement for an operation. A query in a query adds its tables to it. */
  private addPart(operation: string, isMain = false): Part {
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

  private endStatement(): void {
    const kept = this.parts.filter(
      ({ operation, targets }, i) => i === 0 || operation !== 'SELECT' || targets.length > 0,
    );
    if (kept.length > 0) this.statements.push(kept);
    this.parts = [];
    this.expressions.clear();
    this.levels = [newLevel(true)];
  }
}
