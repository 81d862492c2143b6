import type ts from 'typescript';
import { propertyOf, type ManualSteps } from './edit-entry.js';
import type { EditedFile } from './edited-file.js';

const IMPORTED = 'TracingModule.forRoot()';

/** Imports `TracingModule` in a module. */
export function editModule(file: EditedFile, module: ts.ClassDeclaration): ManualSteps {
  if (file.localName('nestjs-tracing', 'TracingModule') !== undefined) return [];
  const metadata = metadataOf(file, module);
  if (metadata === undefined) {
    return [
      `${file.path}: add \`${IMPORTED}\` to the \`imports\` of ` +
        `\`${module.name?.text ?? 'the root module'}\`, with ` +
        '`import { TracingModule } from "nestjs-tracing"`.',
    ];
  }
  importInto(file, metadata);
  file.addImport('TracingModule', 'nestjs-tracing');
  return [];
}

/** The object that `@Module` is given. */
function metadataOf(
  file: EditedFile,
  module: ts.ClassDeclaration,
): ts.ObjectLiteralExpression | undefined {
  const { getDecorators, isCallExpression } = file.compiler;
  const name = file.localName('@nestjs/common', 'Module');
  for (const { expression } of getDecorators(module) ?? []) {
    if (!isCallExpression(expression) || expression.expression.getText() !== name) continue;
    return file.objectOf(expression.arguments[0]);
  }
  return undefined;
}

function importInto(file: EditedFile, metadata: ts.ObjectLiteralExpression): void {
  const { isPropertyAssignment, isShorthandPropertyAssignment } = file.compiler;
  const imports = propertyOf(metadata, 'imports');
  if (imports === undefined) return addImports(file, metadata);
  if (isShorthandPropertyAssignment(imports)) {
    return file.insert(imports.getEnd(), `: [${IMPORTED}, ...imports]`);
  }
  if (!isPropertyAssignment(imports)) return addImports(file, metadata);
  const { initializer } = imports;
  if (file.compiler.isArrayLiteralExpression(initializer)) return prepend(file, initializer);
  file.insert(initializer.getStart(), `[${IMPORTED}, ...(`);
  file.insert(initializer.getEnd(), ')]');
}

/** Adds an array of imports in front of the other metadata. */
function addImports(file: EditedFile, metadata: ts.ObjectLiteralExpression): void {
  const [first] = metadata.properties;
  const start = metadata.getStart();
  if (first === undefined) {
    const indentation = file.indentationAt(start);
    const step = indentation === '' ? '  ' : indentation;
    const { newLine } = file;
    const line = `${newLine}${indentation}${step}imports: [${IMPORTED}],${newLine}${indentation}`;
    return file.replace(start, metadata.getEnd(), `{${line}}`);
  }
  const isOnOwnLine = file.isFirstOfLine(first.getStart());
  const after = isOnOwnLine ? file.newLine + file.indentationAt(first.getStart()) : ' ';
  file.insert(first.getStart(), `imports: [${IMPORTED}],${after}`);
}

function prepend(file: EditedFile, array: ts.ArrayLiteralExpression): void {
  const [first] = array.elements;
  const start = array.getStart() + 1;
  if (first === undefined) return file.insert(start, IMPORTED);
  if (!file.isFirstOfLine(first.getStart())) {
    return file.insert(first.getStart(), `${IMPORTED}, `);
  }
  // Behind the bracket, so that a comment above the first import stays with it.
  const indentation = file.indentationAt(first.getStart());
  file.insert(start, `${file.newLine}${indentation}${IMPORTED},`);
}
