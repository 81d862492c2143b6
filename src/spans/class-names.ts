import type { Runtime, Session } from 'node:inspector';
import { inspectFunctions, internalProperty, propertiesOf } from './inspected-functions.js';

/** What NestJS's `mixin()` names a class. */
const GENERATED = /^[0-9a-f]{21}$/;
/** The name in the source of a class, or of a function that a compiler has made of it. */
const IN_SOURCE = /^(?:class|function)\s+(?!extends\b)([\w$]+)/;
/** What the name of a class made by a function may have around what it is. */
const MIXIN = /^Mixin(?=[A-Z])|(?:Mixin|Class|Host|Impl)$/;
const MAKER = /^(?:create|make|build|get)(?=[A-Z])/;
/** These say no more than what is called. */
const ROLE = /^_?(?:guard|interceptor|pipe|filter|middleware|class|inner|mixin|)$/i;
/** What the functions that make guards of passport's kind call the names of strategies. */
const STRATEGY = /^(?:type|strateg(?:y|ies)|strategyNames?)$/;
/** A name that may be shown. What a function was given may be anything, a key as well. */
const STRATEGY_NAME = /^[a-zA-Z][\w:-]{0,31}$/;
const LOOKS_RANDOM = /\d.*\d.*\d.*\d|[\w-]{25}/;
const MAX_STRATEGIES = 4;

/** A function that has made a class, as the inspector knows it from what the class refers to. */
interface Maker {
  readonly name: string;
  /** The names of strategies that it was given. */
  readonly strategies: readonly string[];
}

const known = new WeakMap<Function, string>();

/**
 * The names of classes that a person knows. Those that were made by a function, such as passport's
 * `AuthGuard('jwt')`, have generated names or none: they are named like their class in the source or
 * like the function, with the strategy where there is one, as in `AuthGuard(jwt)`.
 */
export function nameClasses(classes: Iterable<Function>): void {
  const nameless = [...classes].filter((made) => !known.has(made) && givenName(made) === undefined);
  if (nameless.length === 0) return;
  const makers = inspectFunctions(nameless, (session, items) =>
    items.map((item) => makerOf(session, item)),
  );
  const makerOfClass = new Map(nameless.map((made, index) => [made, makers?.[index]]));
  for (const made of nameless) known.set(made, madeName(made, makerOfClass));
}

/** The name of a class; of one that has none itself as {@link nameClasses} found it. */
export function classNameOf(made: Function): string {
  return known.get(made) ?? givenName(made) ?? madeName(made, NO_MAKERS);
}

/** The name that the class was given; `undefined` for none, or for a generated one. */
function givenName(made: Function): string | undefined {
  // A class may have a static member of that name, which may be a getter.
  const name: unknown = Object.getOwnPropertyDescriptor(made, 'name')?.value;
  if (typeof name !== 'string') return IN_SOURCE.exec(sourceOf(made))?.[1];
  return name === '' || GENERATED.test(name) ? undefined : name;
}

type Makers = ReadonlyMap<Function, Maker | undefined>;
const NO_MAKERS: Makers = new Map();

function madeName(made: Function, makers: Makers): string {
  const maker = makers.get(made);
  const inSource = (IN_SOURCE.exec(sourceOf(made))?.[1] ?? '').replace(MIXIN, '');
  const ofMaker = maker?.name.replace(MAKER, '') ?? '';
  const name = [inSource, ofMaker].find((one) => !ROLE.test(one));
  if (name === undefined) {
    const base: unknown = Object.getPrototypeOf(made);
    const isClass = typeof base === 'function' && base !== Function.prototype;
    if (!isClass) return inSource || 'anonymous';
    return known.get(base) ?? givenName(base) ?? madeName(base, makers);
  }
  const strategies = /guard$/i.test(name) ? (maker?.strategies ?? []) : [];
  return strategies.length === 0 ? name : `${name}(${strategies.join(',')})`;
}

function sourceOf(made: Function): string {
  return Function.prototype.toString.call(made).slice(0, 200);
}

/** The innermost function around a class, if the class refers to what is in it. */
function makerOf(session: Session, item: Runtime.PropertyDescriptor): Maker | undefined {
  const scopes = internalProperty(session, item, '[[Scopes]]');
  for (const { value } of propertiesOf(session, scopes?.objectId).result) {
    const [, name] = /^Closure \(([\w$]+)\)$/.exec(value?.description ?? '') ?? [];
    if (name === undefined) continue;
    const variables = propertiesOf(session, value?.objectId).result;
    const strategies = variables
      .filter((variable) => STRATEGY.test(variable.name))
      .flatMap((variable) => textsOf(session, variable.value));
    return { name, strategies: strategies.every(isShown) ? strategies : [] };
  }
  return undefined;
}

/** A text, or the texts in a list. */
function textsOf(session: Session, value: Runtime.RemoteObject | undefined): string[] {
  if (typeof value?.value === 'string') return [value.value];
  if (value?.subtype !== 'array') return [];
  return propertiesOf(session, value.objectId)
    .result.filter(({ name }) => /^\d+$/.test(name))
    .slice(0, MAX_STRATEGIES)
    .flatMap((item): unknown => item.value?.value)
    .filter((text) => typeof text === 'string');
}

function isShown(name: string): boolean {
  return STRATEGY_NAME.test(name) && !LOOKS_RANDOM.test(name);
}
