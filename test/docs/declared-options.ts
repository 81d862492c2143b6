import ts from 'typescript';
import type { Declarations } from './declarations.js';

/** What takes options, and the exported type of these. */
export interface OptionTaker {
  /** As the heading of its part of the page has it. */
  readonly name: string;
  readonly type: string;
}

/** An option, with the objects that it is in: `accessLog.slowerThan`. */
export interface DeclaredOption {
  readonly taker: string;
  readonly path: string;
}

/** All that takes options. */
const OPTION_TAKERS: readonly OptionTaker[] = [
  { name: 'TracingModule.forRoot', type: 'TracingModuleOptions' },
  { name: 'OtlpModule.forRoot', type: 'OtlpModuleOptions' },
  { name: 'OtlpHealthIndicator.isHealthy', type: 'OtlpHealthOptions' },
  { name: 'TraceViewerModule.forRoot', type: 'TraceViewerOptions' },
  { name: 'TracingMetricsModule.forRoot', type: 'TracingMetricsOptions' },
  { name: 'clusterMetrics', type: 'ClusterMetricsOptions' },
  { name: 'TracingTransport', type: 'TracingTransportOptions' },
  { name: 'traceJson', type: 'TraceJsonOptions' },
  { name: 'traceText', type: 'TraceTextOptions' },
  { name: 'traceFormat', type: 'TraceFormatOptions' },
  { name: 'traceFields', type: 'TraceFieldsOptions' },
  { name: 'traceTask', type: 'TraceTaskOptions' },
  { name: 'LogLevels.set', type: 'LevelRuleOptions' },
  { name: 'addTracingHeaders', type: 'TracingHeadersOptions' },
  { name: 'captureLogs', type: 'CaptureLogsOptions' },
  { name: 'finished', type: 'FinishedOptions' },
  { name: 'toHaveNoRepeatedSteps', type: 'RepeatedStepsOptions' },
];
/** Takes what others take, and where it is made. */
const NO_OPTIONS_OF_ITS_OWN = new Set(['TracingModuleAsyncOptions']);

/** The options of the package, and the exported types of options that no taker leads to. */
export interface DeclaredOptions {
  readonly options: readonly DeclaredOption[];
  readonly unreached: readonly string[];
}

/**
 * Reads the options from the types. Options that several takers have in common are followed into
 * their own options where they come first.
 */
export function declaredOptions(
  declarations: Declarations,
  takers: readonly OptionTaker[] = OPTION_TAKERS,
): DeclaredOptions {
  const { checker } = declarations;
  const exported = new Map(declarations.exportedNames().map((one) => [one.name, one.symbol]));
  const seen = new Set<ts.Symbol | ts.Type>();
  const options: DeclaredOption[] = [];

  const addAll = (type: ts.Type, taker: string, prefix: string): void => {
    seen.add(type);
    for (const symbol of [type.aliasSymbol, type.getSymbol()]) {
      if (symbol !== undefined) seen.add(symbol);
    }
    for (const base of type.isClassOrInterface() ? checker.getBaseTypes(type) : []) {
      if (base.symbol !== undefined) seen.add(base.symbol);
    }
    for (const property of checker.getPropertiesOfType(type)) {
      const path = `${prefix}${property.name}`;
      options.push({ taker, path });
      const { types } = unionOf(checker.getTypeOfSymbol(property));
      for (const part of types) {
        if (holdsOptions(part, declarations) && !seen.has(part)) addAll(part, taker, `${path}.`);
      }
    }
  };
  for (const { name, type } of takers) {
    const symbol = exported.get(type);
    if (symbol === undefined) throw new Error(`${type} is not exported`);
    addAll(checker.getDeclaredTypeOfSymbol(symbol), name, '');
  }
  const unreached = [...exported]
    .filter(([name]) => name.endsWith('Options') && !NO_OPTIONS_OF_ITS_OWN.has(name))
    .filter(([, symbol]) => !seen.has(symbol))
    .map(([name]) => name);
  return { options, unreached };
}

function unionOf(type: ts.Type): { readonly types: readonly ts.Type[] } {
  return type.isUnion() ? type : { types: [type] };
}

/** An object of the package whose properties are options: neither a function nor a list. */
function holdsOptions(type: ts.Type, declarations: Declarations): boolean {
  const isObject = (type.flags & ts.TypeFlags.Object) !== 0;
  if (!isObject || type.isClass() || declarations.checker.isArrayLikeType(type)) return false;
  return type.getCallSignatures().length === 0 && declarations.isOwn(type);
}
