import type ts from 'typescript';
import { textOf, type ProjectTree } from './project-tree.js';
import type { TypeScript } from './typescript-compiler.js';

/** A source file, and the texts that are to be inserted into it or replaced. */
export class EditedFile {
  readonly source: ts.SourceFile;
  readonly path: string;
  readonly newLine: string;
  private readonly text: string;
  private readonly edits: {
    readonly start: number;
    readonly end: number;
    readonly text: string;
  }[] = [];

  constructor(
    readonly compiler: TypeScript,
    private readonly tree: ProjectTree,
    path: string,
  ) {
    this.path = path;
    this.text = textOf(tree, path) ?? '';
    this.newLine = this.text.includes('\r\n') ? '\r\n' : '\n';
    const { createSourceFile, ScriptTarget } = compiler;
    this.source = createSourceFile(path, this.text, ScriptTarget.Latest, true);
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  replace(start: number, end: number, text: string): void {
    this.edits.push({ start, end, text });
  }

  /** Writes the file if there is anything to change. Returns whether there was. */
  write(): boolean {
    let text = this.text;
    // From the end on, so that the positions before it stay right; at one position, the last one first.
    const edits = this.edits.toReversed().toSorted((one, other) => other.start - one.start);
    for (const edit of edits) {
      text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    }
    if (text === this.text) return false;
    this.tree.overwrite(this.path, text);
    return true;
  }

  /** The white space at the begin of the line of a position. */
  indentationAt(position: number): string {
    const start = this.text.lastIndexOf('\n', position - 1) + 1;
    return /^[ \t]*/.exec(this.text.slice(start))![0];
  }

  /** Whether something is the first of its line. */
  isFirstOfLine(position: number): boolean {
    const start = this.text.lastIndexOf('\n', position - 1) + 1;
    return this.text.slice(start, position).trim() === '';
  }

  /** The rest of the line from a position on. */
  restOfLine(position: number): string {
    return /^[^\r\n]*/.exec(this.text.slice(position))![0];
  }

  /** Whether a name occurs in the code. */
  mentions(name: string): boolean {
    const { isIdentifier, forEachChild } = this.compiler;
    const visit = (node: ts.Node): boolean =>
      (isIdentifier(node) && node.text === name) || forEachChild(node, visit) === true;
    return visit(this.source);
  }

  /** The name that an import of a package has in this file. */
  localName(specifier: string, name: string): string | undefined {
    for (const { importClause, moduleSpecifier } of this.imports()) {
      const bindings = importClause?.namedBindings;
      if (textOfLiteral(moduleSpecifier) !== specifier || bindings === undefined) continue;
      if (!this.compiler.isNamedImports(bindings)) continue;
      const found = bindings.elements.find((one) => (one.propertyName ?? one.name).text === name);
      if (found !== undefined) return found.name.text;
    }
    return undefined;
  }

  /** Imports a name, in the quotes and the style of the other imports. */
  addImport(name: string, specifier: string): void {
    if (this.localName(specifier, name) !== undefined) return;
    for (const { importClause, moduleSpecifier } of this.imports()) {
      const bindings = importClause?.namedBindings;
      if (textOfLiteral(moduleSpecifier) !== specifier || bindings === undefined) continue;
      const last = this.compiler.isNamedImports(bindings) && bindings.elements.at(-1);
      if (last === undefined || last === false || importClause!.isTypeOnly) continue;
      return this.insert(last.getEnd(), `, ${name}`);
    }
    const imports = this.imports();
    // Above the files of the project.
    const isOfPackage = (one: ts.ImportDeclaration): boolean =>
      textOfLiteral(one.moduleSpecifier)?.startsWith('.') === false;
    const last = imports.findLast(isOfPackage) ?? imports.at(-1);
    const quote = last?.moduleSpecifier.getText(this.source)[0] ?? "'";
    const end = last?.getText(this.source).endsWith(';') === false ? '' : ';';
    const line = `import { ${name} } from ${quote}${specifier}${quote}${end}`;
    if (last === undefined) return this.insert(this.source.getStart(), line + this.newLine);
    this.insert(last.getEnd() + this.commentAfter(last.getEnd()).length, this.newLine + line);
  }

  imports(): ts.ImportDeclaration[] {
    return this.source.statements.filter(this.compiler.isImportDeclaration);
  }

  /** A comment that ends the line of a position, with the white space before it. */
  commentAfter(position: number): string {
    return (
      /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/[ \t]*)?$/.exec(this.restOfLine(position))?.[0] ?? ''
    );
  }

  /** The object that an expression is, or that a constant of this file is set to. */
  objectOf(expression: ts.Expression | undefined): ts.ObjectLiteralExpression | undefined {
    const value = this.valueOf(expression);
    return value !== undefined && this.compiler.isObjectLiteralExpression(value)
      ? value
      : undefined;
  }

  /** What an expression is without its types, and what the constant of this file that it names is. */
  valueOf(expression: ts.Expression | undefined): ts.Expression | undefined {
    if (expression === undefined) return undefined;
    const { isIdentifier, skipOuterExpressions } = this.outer();
    const value = skipOuterExpressions(expression);
    if (!isIdentifier(value)) return value;
    const initializer = this.constant(value.text);
    return initializer === undefined ? value : skipOuterExpressions(initializer);
  }

  /** Parentheses, `as` and `satisfies` around an expression. */
  private outer() {
    const { isIdentifier, isParenthesizedExpression, isAsExpression, isSatisfiesExpression } =
      this.compiler;
    const skipOuterExpressions = (expression: ts.Expression): ts.Expression =>
      isParenthesizedExpression(expression) ||
      isAsExpression(expression) ||
      // TypeScript 4.8 has none.
      isSatisfiesExpression?.(expression)
        ? skipOuterExpressions(expression.expression)
        : expression;
    return { isIdentifier, skipOuterExpressions };
  }

  private constant(name: string): ts.Expression | undefined {
    const { isVariableDeclaration, isIdentifier, forEachChild } = this.compiler;
    const visit = (node: ts.Node): ts.Expression | undefined =>
      isVariableDeclaration(node) && isIdentifier(node.name) && node.name.text === name
        ? node.initializer
        : forEachChild(node, visit);
    return visit(this.source);
  }
}

/** The text of a string in the code. */
export function textOfLiteral(node: ts.Expression): string | undefined {
  return 'text' in node && typeof node.text === 'string' ? node.text : undefined;
}
