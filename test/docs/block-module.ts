import ts from 'typescript';
import type { CodeBlock } from './markdown.js';

/** A block of TypeScript as a module of its own. */
export interface BlockModule {
  readonly block: CodeBlock;
  /** Its text, without the imports that {@link moduleText} adds. */
  readonly body: string;
  /** What it declares at the top level, and so later blocks of its page may use. */
  readonly declared: ReadonlySet<string>;
  /** Those of them that it does not export itself. */
  readonly unexported: ReadonlySet<string>;
  /** Decorators that it uses. `@Headers()` is NestJS's, although Node has a `Headers` too. */
  readonly decorators: ReadonlySet<string>;
}

/** `this: { trace: TraceContext }` at the start of a check comment. */
const TYPE_OF_THIS = /^this:\s*(\{(?:[^{}]|\{[^{}]*\})*\})/;

/**
 * Makes a module of a block. Members of a class without their class get one, and statements of a
 * method whose `this` the check comment describes become a method.
 */
export function blockModule(block: CodeBlock): BlockModule {
  const { code, check = '' } = block;
  const typeOfThis = TYPE_OF_THIS.exec(check);
  const wrapped =
    typeOfThis === null
      ? inClass(code)
      : wrap(code, `export async function example(this: ${typeOfThis[1]!.replace(/\s+/g, ' ')}) {`);
  // Lines of its own, so that what is wrong in the comment is not in the block.
  const declarations = check.replace(TYPE_OF_THIS, (all) => all.replace(/[^\n]/g, ''));
  const body = `${declarations}\n${wrapped}`;
  return { block, body, ...namesOf(parse(body)) };
}

/** The text of the module with the imports that it needs, and the lines before the block's first. */
export function moduleText(
  { block, body, unexported }: BlockModule,
  imports: readonly string[],
): { readonly text: string; readonly linesBefore: number } {
  const text = `${imports.join(' ')}\n${body}\nexport { ${[...unexported].join(', ')} };\n`;
  return { text, linesBefore: 1 + (block.check ?? '').split('\n').length };
}

/** Syntax errors of TypeScript. */
export function syntaxErrors(code: string): readonly ts.Diagnostic[] {
  const { diagnostics } = ts.transpileModule(code, {
    fileName: 'block.ts',
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  return diagnostics ?? [];
}

function inClass(code: string): string {
  if (syntaxErrors(code).length === 0) return code;
  const wrapped = wrap(code, 'export class Example {');
  return syntaxErrors(wrapped).length === 0 ? wrapped : code;
}

/** Imports stay in front. No line moves. */
function wrap(code: string, opening: string): string {
  const imports = parse(code).statements.findLast(ts.isImportDeclaration)?.end ?? 0;
  return `${code.slice(0, imports)} ${opening}${code.slice(imports)}\n}`;
}

function parse(code: string): ts.SourceFile {
  return ts.createSourceFile('block.ts', code, ts.ScriptTarget.ES2023, true);
}

function namesOf(source: ts.SourceFile): Omit<BlockModule, 'block' | 'body'> {
  const declared = new Set<string>();
  const unexported = new Set<string>();
  const decorators = new Set<string>();
  for (const statement of source.statements) {
    declaredBy(statement, declared);
    if (!isExported(statement)) declaredBy(statement, unexported);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isDecorator(node)) {
      const { expression } = node;
      const name = ts.isCallExpression(expression) ? expression.expression : expression;
      if (ts.isIdentifier(name)) decorators.add(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { declared, unexported, decorators };
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

function declaredBy(statement: ts.Statement, names: Set<string>): void {
  if (ts.isVariableStatement(statement)) {
    for (const { name } of statement.declarationList.declarations) bound(name, names);
  } else if (ts.isImportDeclaration(statement)) {
    const { name, namedBindings } = statement.importClause ?? {};
    if (name !== undefined) names.add(name.text);
    if (namedBindings === undefined) return;
    if (ts.isNamespaceImport(namedBindings)) names.add(namedBindings.name.text);
    else for (const element of namedBindings.elements) names.add(element.name.text);
  } else if (
    (ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isEnumDeclaration(statement)) &&
    statement.name !== undefined
  ) {
    names.add(statement.name.text);
  }
}

function bound(name: ts.BindingName, names: Set<string>): void {
  if (ts.isIdentifier(name)) {
    names.add(name.text);
    return;
  }
  for (const element of name.elements) {
    if (ts.isBindingElement(element)) bound(element.name, names);
  }
}
