import ts from 'typescript';

/**
 * What the build shortens in JavaScript: the names of local variables. The names of functions, classes
 * and properties stay, and so do the lines: they are what a stack shows, and Node prints the line of
 * an error that is not caught.
 */
export const MINIFIED = {
  compress: false,
  mangle: { toplevel: false, keepNames: true },
  codegen: { removeWhitespace: false },
} as const;

/** Leaves out the white space at the beginning of lines, but for those inside of a template. */
export function withoutIndentation(code: string): string {
  const inTemplate = new Set<number>();
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2023);
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateLiteralToken(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.end).line;
      for (let line = first + 1; line <= last; line++) inTemplate.add(line);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const lines = code.split('\n');
  return lines.map((line, i) => (inTemplate.has(i) ? line : line.replace(/^\s+/, ''))).join('\n');
}
