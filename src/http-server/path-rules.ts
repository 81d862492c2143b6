/** Gives the spellings of a path that lead to one route the same form. */
export type CanonicalPath = (path: string) => string;

/** How the router of a platform compares paths. */
interface PathRules {
  readonly ignoresCase: boolean;
  readonly ignoresTrailingSlash: boolean;
  readonly ignoresDuplicateSlashes: boolean;
  /** Whether a path ends at a semicolon. */
  readonly endsAtSemicolon: boolean;
  /** Whether `/he%61lth` is `/health`. */
  readonly decodes: boolean;
}

/** The parts of an adapter and of a platform's instance that are read. */
interface AdapterLike {
  getType?(): string;
  getInstance?(): unknown;
}

interface ExpressLike {
  readonly router?: { readonly caseSensitive?: unknown; readonly strict?: unknown };
}

interface FastifyRouterOptions {
  readonly caseSensitive?: boolean;
  readonly ignoreTrailingSlash?: boolean;
  readonly ignoreDuplicateSlashes?: boolean;
  readonly useSemicolonDelimiter?: boolean;
}

interface FastifyLike {
  readonly initialConfig?: FastifyRouterOptions & {
    readonly routerOptions?: FastifyRouterOptions;
  };
}

/**
 * Compares paths as the router of an application does. What the router is set to is read with the
 * first path, when the application has set it.
 *
 * @param adapterOf gives the HTTP adapter; applications without HTTP have none.
 */
export function canonicalPaths(adapterOf: () => object | undefined): CanonicalPath {
  let canonical: CanonicalPath | undefined;
  return (path) => (canonical ??= canonicalPath(rulesOf(adapterOf())))(path);
}

/** `undefined` for other platforms: their paths are compared as they are. */
function rulesOf(adapter: AdapterLike | undefined): PathRules | undefined {
  const instance = Object(adapter?.getInstance?.()) as object;
  switch (adapter?.getType?.()) {
    case 'express':
      return expressRules(instance);
    case 'fastify':
      return fastifyRules(instance);
    default:
      return undefined;
  }
}

/** The settings of the application may have changed since its router has taken them. */
function expressRules(instance: ExpressLike): PathRules {
  const { caseSensitive, strict } = instance.router ?? {};
  return {
    ignoresCase: !caseSensitive,
    ignoresTrailingSlash: !strict,
    ignoresDuplicateSlashes: false,
    endsAtSemicolon: false,
    decodes: false,
  };
}

/** Its options are at the top level or, since version 5.5, in `routerOptions`. */
function fastifyRules({ initialConfig }: FastifyLike): PathRules {
  const options = { ...initialConfig, ...initialConfig?.routerOptions };
  return {
    ignoresCase: options.caseSensitive === false,
    ignoresTrailingSlash: options.ignoreTrailingSlash === true,
    ignoresDuplicateSlashes: options.ignoreDuplicateSlashes === true,
    endsAtSemicolon: options.useSemicolonDelimiter === true,
    decodes: true,
  };
}

function canonicalPath(rules: PathRules | undefined): CanonicalPath {
  if (rules === undefined) return (path) => path;
  return (given) => {
    let path = given;
    if (rules.endsAtSemicolon) path = path.split(';', 1)[0] ?? '';
    if (rules.decodes && path.includes('%')) path = decoded(path);
    if (rules.ignoresDuplicateSlashes) path = path.replace(/\/{2,}/g, '/');
    if (rules.ignoresTrailingSlash && path.length > 1 && path.endsWith('/')) {
      path = path.slice(0, -1);
    }
    return rules.ignoresCase ? path.toLowerCase() : path;
  };
}

/** Reserved characters, such as `%2F`, stay encoded: they are no separators. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    // Such a path is not routed.
    return path;
  }
}
