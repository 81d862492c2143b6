import ts from 'typescript';

const NAMES = { function: true, class: true } as const;

/**
 * What the build shortens in JavaScript: white space, the names of local variables, and expressions.
 * The names of functions, classes and properties stay: they are what a stack shows.
 */
export const MINIFIED = {
  compress: { keepNames: NAMES },
  mangle: { toplevel: false, keepNames: true },
  codegen: { removeWhitespace: true },
} as const;

/** What the build shortens in the command line, whose errors show no stack: all names but the exported. */
export const MINIFIED_WITH_NAMES = {
  compress: true,
  mangle: { toplevel: true },
  codegen: { removeWhitespace: true },
} as const;

/**
 * The text of a file of the package. Each statement begins a line, as Node prints the line of an error
 * that is not caught. Characters beyond ASCII are escaped: V8 keeps a text that has one in twice the
 * memory. Only strings, templates and regular expressions have any.
 */
export function fileText(code: string): string {
  return withLines(code.replace(/[^\0-\x7f]/g, escaped));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function withLines(code: string): string {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2023);
  const starts: number[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStatement(node) || ts.isClassElement(node)) starts.push(node.getStart(source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  let last = 0;
  let result = '';
  for (const start of starts.filter((at) => isBetweenStatements(code, at))) {
    result += `${code.slice(last, start)}\n`;
    last = start;
  }
  return result + code.slice(last);
}

/** Whether a line may begin here: after `;` or a brace, and not already at the begin of one. */
function isBetweenStatements(code: string, at: number): boolean {
  const before = code[at - 1];
  return before === ';' || before === '{' || before === '}';
}
