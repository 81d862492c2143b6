import ts from 'typescript';
import { API_PAGE } from './api-page.js';
import type { Declarations, ExportedName } from './declarations.js';
import type { Page } from './markdown.js';

/** What the comments of exported names lack: each has a sentence, what can be called an example. */
export function undocumentedNames(declarations: Declarations): string[] {
  return declarations.exportedNames().flatMap((exported) => {
    const { entry, name } = exported;
    return wrongComments(exported, declarations).map((wrong) => `${entry}: ${name} has ${wrong}`);
  });
}

/** What can be imported and used, and no page has in code but the list of all names. */
export function unmentionedNames(declarations: Declarations, pages: readonly Page[]): string[] {
  const mentioned = new Set(pages.filter(({ path }) => path !== API_PAGE).flatMap(namesInCode));
  return declarations
    .exportedNames()
    .filter(
      ({ name, symbol }) => (symbol.flags & ts.SymbolFlags.Value) !== 0 && !mentioned.has(name),
    )
    .map(({ entry, name }) => `${entry}: ${name}`);
}

function wrongComments({ symbol, isCallable }: ExportedName, { checker }: Declarations): string[] {
  const comment = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const hasExample = symbol.getJsDocTags(checker).some(({ name }) => name === 'example');
  return [
    ...(/\S[^]*[.!?:)`]/.test(comment) ? [] : ['no sentence of TSDoc']),
    ...(isCallable && !hasExample ? ['no @example'] : []),
  ];
}

function namesInCode({ lines, blocks }: Page): string[] {
  const inline = lines.flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
  return [...inline, ...blocks.map(({ code }) => code)].flatMap(
    (code) => code.match(/[A-Za-z_$][\w$]*/g) ?? [],
  );
}
