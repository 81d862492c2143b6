import { parseAllDocuments } from 'yaml';
import ts from 'typescript';
import { syntaxErrors } from './block-module.js';
import type { CodeBlock, Finding, Page } from './markdown.js';

type Check = (code: string) => { readonly line: number; readonly message: string } | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  js: (code) => firstDiagnostic(code, syntaxErrors(code)),
  json: wrongJson,
  jsonc: (code) => {
    const { error } = ts.parseConfigFileTextToJson('block.json', code);
    return firstDiagnostic(code, error === undefined ? [] : [error]);
  },
  yaml: wrongYaml,
};
/** Languages that other checks read, and those that none does. */
const OTHERS = new Set(
  'ts sh text http sql promql logql ini dockerfile diff html nginx'.split(' '),
);

/** Checks that data can be read, and that each block names its language. */
export function checkData(pages: readonly Page[]): Finding[] {
  return pages.flatMap(({ blocks }) =>
    blocks
      .filter(({ check }) => !check?.startsWith('skip'))
      .map(findingOf)
      .filter((finding) => finding !== undefined),
  );
}

function findingOf({ page, language, code, line }: CodeBlock): Finding | undefined {
  const check = CHECKS[language];
  if (check === undefined) {
    if (OTHERS.has(language)) return undefined;
    const known = [...Object.keys(CHECKS), ...OTHERS].join(', ');
    const message = `the language of a block is one of ${known}, not "${language}"`;
    return { page, line: line - 1, message };
  }
  const wrong = check(code);
  return wrong === undefined ? undefined : { page, ...wrong, line: line + wrong.line };
}

/** One document, or one on each line, as in a log. */
function wrongJson(code: string): ReturnType<Check> {
  const whole = jsonError(code);
  if (whole === undefined) return undefined;
  const lines = code.split('\n');
  const wrong = lines.findIndex((line) => line.trim() !== '' && jsonError(line) !== undefined);
  return wrong === -1 ? undefined : { line: 0, message: whole };
}

function jsonError(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

function wrongYaml(code: string): ReturnType<Check> {
  for (const { errors } of parseAllDocuments(code)) {
    const [error] = errors;
    if (error !== undefined) {
      return { line: (error.linePos?.[0].line ?? 1) - 1, message: error.message.split('\n')[0]! };
    }
  }
  return undefined;
}

function firstDiagnostic(code: string, [error]: readonly ts.Diagnostic[]): ReturnType<Check> {
  if (error === undefined) return undefined;
  const line = code.slice(0, error.start ?? 0).split('\n').length - 1;
  return { line, message: ts.flattenDiagnosticMessageText(error.messageText, '\n') };
}
