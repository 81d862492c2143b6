import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Something that an entry of the package exports. */
export interface ExportedName {
  readonly name: string;
  /** The entry that exports it: `nestjs-tracing/otlp`. */
  readonly entry: string;
  readonly symbol: ts.Symbol;
  /** Whether it can be called, constructed or put above a method. */
  readonly isCallable: boolean;
}

/** The built types of the package, as its users see them. */
export class Declarations {
  private readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  private readonly files: ReadonlyMap<string, string>;

  /** @param folder that of the package, with `dist` */
  constructor(
    private readonly folder: string,
    entries: readonly string[],
  ) {
    this.files = declarationFiles(folder, entries);
    this.program = ts.createProgram([...this.files.values()], {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    });
    this.checker = this.program.getTypeChecker();
  }

  /** What the entries export, each name once for each entry. */
  exportedNames(): ExportedName[] {
    return [...this.files].flatMap(([entry, file]) => {
      const module = this.checker.getSymbolAtLocation(this.program.getSourceFile(file)!);
      // An entry that only adds matchers exports nothing.
      if (module === undefined) return [];
      return this.checker.getExportsOfModule(module).map((exported) => {
        const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
        const symbol = isAlias ? this.checker.getAliasedSymbol(exported) : exported;
        return { name: exported.name, entry, symbol, isCallable: this.isCallable(symbol) };
      });
    });
  }

  /** Whether a type is declared by the package itself. */
  isOwn(type: ts.Type): boolean {
    const [declaration] = (type.aliasSymbol ?? type.getSymbol())?.declarations ?? [];
    return declaration?.getSourceFile().fileName.startsWith(join(this.folder, 'dist')) ?? false;
  }

  private isCallable(symbol: ts.Symbol): boolean {
    if ((symbol.flags & ts.SymbolFlags.Value) === 0) return false;
    const type = this.checker.getTypeOfSymbol(symbol);
    return type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0;
  }
}

/** The files that the package names for its entries. */
function declarationFiles(folder: string, entries: readonly string[]): Map<string, string> {
  const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
  const { name, exports } = JSON.parse(manifest) as Manifest;
  return new Map(
    entries.map((entry) => {
      const target = exports[entry.replace(name, '.')]!;
      return [entry, join(folder, target.import.types)];
    }),
  );
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly import: { readonly types: string } }>>;
}
