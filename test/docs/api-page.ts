import ts from 'typescript';
import type { Declarations, ExportedName } from './declarations.js';

/** Where the page is. `npm run docs:names` writes it. */
export const API_PAGE = 'docs/api.md';

const INTRODUCTION = `# API

Every name that you can import, with the first sentence of its documentation. Your editor shows the rest where you use a name, and so does the API reference of the documentation's site: parameters, types and examples. [Options](options.md) has the options one by one.
`;

/** The page that lists what the entries export, made from the comments of the types. */
export function apiPage(declarations: Declarations): string {
  const exported = declarations.exportedNames();
  const parts = [...new Set(exported.map(({ entry }) => entry))].map((entry) => {
    const names = exported.filter((one) => one.entry === entry);
    const values = names.filter(({ symbol }) => (symbol.flags & ts.SymbolFlags.Value) !== 0);
    const types = names.filter((one) => !values.includes(one));
    const lists = [
      ...(values.length > 0 ? [list(values, declarations)] : []),
      ...(types.length > 0 ? [`### Types of \`${entry}\`\n\n${list(types, declarations)}`] : []),
    ];
    return `## \`${entry}\`\n\n${lists.join('\n')}`;
  });
  return [INTRODUCTION, ...parts].join('\n');
}

function list(names: readonly ExportedName[], { checker }: Declarations): string {
  return names
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
    .map(({ name, symbol }) => {
      const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
      return `- \`${name}\`: ${firstSentence(text)}\n`;
    })
    .join('');
}

/** Up to the first full stop that a space, or nothing, follows. */
function firstSentence(text: string): string {
  const flat = text
    .replace(/\{@link ([^}|]+?)\s*(?:\|[^}]*)?\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim();
  return /^.*?[.!?](?= [A-Z`]|$)/.exec(flat)?.[0] ?? flat;
}
