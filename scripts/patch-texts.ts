import ts from 'typescript';

/** What `definePatch` takes for the list in `docs/internals.md` alone. */
const FOR_THE_LIST: ReadonlySet<string> = new Set(['gives', 'why']);

/** The code of a module without the texts of its patches that only `docs/internals.md` shows. */
export function withoutPatchTexts(code: string): string {
  const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2023);
  const unused: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(source) === 'definePatch') {
      const [description] = node.arguments;
      if (description !== undefined && ts.isObjectLiteralExpression(description)) {
        unused.push(...description.properties.filter(isForTheList));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  let result = '';
  let last = 0;
  for (const node of unused) {
    result += code.slice(last, node.getFullStart());
    last = node.end;
    if (code[last] === ',') last++;
  }
  return result + code.slice(last);
}

/** A text that is made by a call stays: the call may be needed for something else. */
function isForTheList(property: ts.ObjectLiteralElementLike): boolean {
  return (
    ts.isPropertyAssignment(property) &&
    ts.isIdentifier(property.name) &&
    FOR_THE_LIST.has(property.name.text) &&
    isText(property.initializer)
  );
}

/** A literal, a constant, or several that are added to each other. */
function isText(value: ts.Expression): boolean {
  if (!ts.isBinaryExpression(value)) return ts.isStringLiteralLike(value) || ts.isIdentifier(value);
  return isText(value.left) && isText(value.right);
}
