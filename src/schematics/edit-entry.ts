import type ts from 'typescript';
import type { EditedFile } from './edited-file.js';

/** What a file could not be changed to, each with what the user is to do. */
export type ManualSteps = string[];

const METHODS = new Set(['create', 'createMicroservice', 'createApplicationContext']);
const USE_LOGGER = 'app.useLogger(app.get(TracingLogger))';

/** The calls with which a file creates applications: of `NestFactory`, whatever it is called there. */
export function factoryCalls(file: EditedFile): ts.CallExpression[] {
  const { isCallExpression, isPropertyAccessExpression, isIdentifier, forEachChild } =
    file.compiler;
  const factory = file.localName('@nestjs/core', 'NestFactory');
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (isCallExpression(node) && isPropertyAccessExpression(node.expression)) {
      const { expression, name } = node.expression;
      const isFactory = isIdentifier(expression) && expression.text === factory;
      if (isFactory && METHODS.has(name.text)) calls.push(node);
    }
    forEachChild(node, visit);
  };
  visit(file.source);
  return calls;
}

/** Makes the calls buffer the first log entries, and Nest's own logger a traced one. */
export function editEntry(file: EditedFile, calls: readonly ts.CallExpression[]): ManualSteps {
  const manual: ManualSteps = [];
  for (const call of calls) {
    if (!bufferLogs(file, call)) {
      manual.push(`${file.path}: add \`bufferLogs: true\` to the options of \`${nameOf(call)}\`.`);
    }
  }
  if (hasTracingLogger(file)) return manual;
  if (callsUseLogger(file)) {
    manual.push(
      `${file.path}: another logger is set with \`useLogger\`. To trace the lines of Nest's logger, ` +
        `use \`${USE_LOGGER}\` in its place.`,
    );
    return manual;
  }
  const inserted = new Set(calls.map((call) => useLogger(file, call)));
  if (inserted.has(true)) file.addImport('TracingLogger', 'nestjs-tracing');
  if (inserted.has(false)) {
    manual.push(
      `${file.path}: call \`${USE_LOGGER}\` after the application is created, with ` +
        '`import { TracingLogger } from "nestjs-tracing"`.',
    );
  }
  return manual;
}

/** Returns whether the options buffer logs, or say otherwise already. */
function bufferLogs(file: EditedFile, call: ts.CallExpression): boolean {
  const [module, ...given] = call.arguments;
  if (module === undefined || given.some(file.compiler.isSpreadElement)) return false;
  const last = given.at(-1);
  if (last === undefined || (given.length === 1 && isAdapter(file, call, last))) {
    const before = last ?? module;
    const isOnOwnLine = file.isFirstOfLine(before.getStart());
    const space = isOnOwnLine ? file.newLine + file.indentationAt(before.getStart()) : ' ';
    file.insert(before.getEnd(), `,${space}{ bufferLogs: true }`);
    return true;
  }
  const options = file.objectOf(last);
  if (options === undefined) return false;
  if (propertyOf(options, 'bufferLogs') === undefined) addProperty(file, options);
  return true;
}

/** Whether the second argument is a platform's adapter, and not options. */
function isAdapter(file: EditedFile, call: ts.CallExpression, argument: ts.Expression): boolean {
  if (nameOf(call) !== 'NestFactory.create' && !nameOf(call).endsWith('.create')) return false;
  const value = file.valueOf(argument);
  if (value === undefined || file.compiler.isObjectLiteralExpression(value)) return false;
  return file.compiler.isNewExpression(value) || /adapter/i.test(argument.getText());
}

/** Adds `bufferLogs` behind the other properties: what is spread before it does not replace it. */
function addProperty(file: EditedFile, options: ts.ObjectLiteralExpression): void {
  const last = options.properties.at(-1);
  if (last === undefined) {
    return file.replace(options.getStart(), options.getEnd(), '{ bufferLogs: true }');
  }
  const isOnOwnLine = file.isFirstOfLine(last.getStart());
  const before = isOnOwnLine ? file.newLine + file.indentationAt(last.getStart()) : ' ';
  const comma = options.properties.hasTrailingComma && isOnOwnLine ? ',' : '';
  if (!options.properties.hasTrailingComma) file.insert(last.getEnd(), ',');
  const end = options.properties.end;
  const comment = isOnOwnLine ? file.commentAfter(end).trimEnd().length : 0;
  file.insert(end + comment, `${before}bufferLogs: true${comma}`);
}

/** Inserts the call behind the statement that creates the application. */
function useLogger(file: EditedFile, call: ts.CallExpression): boolean {
  const { compiler } = file;
  const awaited = call.parent;
  if (!compiler.isAwaitExpression(awaited)) return false;
  const name = targetOf(file, awaited);
  const statement = statementOf(file, awaited);
  if (name === undefined || statement === undefined) return false;
  const isTerminated = statement.getText().endsWith(';');
  const end = statement.getEnd();
  const comment = file.commentAfter(end).trimEnd();
  const isLast = file.restOfLine(end + comment.length).trim() === '';
  const indentation = file.indentationAt(statement.getStart());
  file.insert(
    end + comment.length,
    `${file.newLine}${indentation}${name}.useLogger(${name}.get(TracingLogger))${isTerminated || !isLast ? ';' : ''}`,
  );
  return true;
}

/** The variable that the application is assigned to. */
function targetOf(file: EditedFile, awaited: ts.AwaitExpression): string | undefined {
  const { isVariableDeclaration, isBinaryExpression, isIdentifier, SyntaxKind } = file.compiler;
  const { parent } = awaited;
  if (isVariableDeclaration(parent))
    return isIdentifier(parent.name) ? parent.name.text : undefined;
  if (!isBinaryExpression(parent) || parent.operatorToken.kind !== SyntaxKind.EqualsToken) {
    return undefined;
  }
  const { left } = parent;
  return isIdentifier(left) || /^this\.\w+$/.test(left.getText()) ? left.getText() : undefined;
}

/** The statement, if others may follow it. */
function statementOf(file: EditedFile, awaited: ts.AwaitExpression): ts.Statement | undefined {
  const { isVariableStatement, isExpressionStatement, isBlock, isSourceFile } = file.compiler;
  let node: ts.Node = awaited;
  while (!isVariableStatement(node) && !isExpressionStatement(node)) {
    if (isBlock(node) || isSourceFile(node)) return undefined;
    node = node.parent;
  }
  return isBlock(node.parent) || isSourceFile(node.parent) ? node : undefined;
}

function hasTracingLogger(file: EditedFile): boolean {
  return file.localName('nestjs-tracing', 'TracingLogger') !== undefined && callsUseLogger(file);
}

function callsUseLogger(file: EditedFile): boolean {
  return file.mentions('useLogger');
}

function nameOf(call: ts.CallExpression): string {
  return call.expression.getText();
}

/** A property of an object in the code. */
export function propertyOf(
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find(
    (property) => property.name?.getText().replace(/^['"]|['"]$/g, '') === name,
  );
}
