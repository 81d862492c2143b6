/** A layer of Express's router, as far as it is read: a route, or a function that is mounted. */
interface Layer {
  readonly route?: object | undefined;
  readonly name?: string;
  /** The function that the layer calls: of a router, the router itself. */
  readonly handle?: RouterLike;
  /** What was registered; missing before version 2.3 of the router. */
  readonly rawPath?: unknown;
  /** In version 2.3 the match itself; before that a boolean, and the match is in the layer. */
  match?(path: string): boolean | LayerMatch;
  readonly path?: unknown;
  readonly params?: unknown;
}

interface LayerMatch {
  readonly path: string;
  readonly pattern?: unknown;
}

/** A router, or an application, which has one. */
interface RouterLike {
  readonly stack?: readonly Layer[];
  readonly router?: { readonly stack?: readonly Layer[] };
  /** Of Express 4, which throws where `router` is read. */
  readonly _router?: { readonly stack?: readonly Layer[] };
}

/** An Express application. It may be mounted in another one. */
export interface ExpressApplication extends RouterLike {
  readonly parent?: ExpressApplication;
}

/** The part of a path that a mount has matched. */
interface Mount {
  readonly text: string;
  readonly template: string;
}

/** Where Express 4 has its router. */
const EXPRESS_4_ROUTER = '_router';
/** What Express calls the function that it mounts an application with. */
const MOUNTED_APPLICATION = 'mounted_app';
/** More applications inside each other are a cycle. */
const MAX_APPLICATIONS = 16;

/**
 * The template of the mounts that lead to a route of Express. `baseUrl` is text of the URL, so it
 * is compared with the paths that the routers and applications around the route are mounted at.
 *
 * @param app the application that has handled the request: the innermost one.
 * @param route `undefined` for a function that is mounted, see {@link functionTemplate}.
 * @returns `''` where the route is not under a mount, and `undefined` where the template cannot be
 *   known: a mount by a regular expression, or an outer application that is not Express.
 *
 * @example
 * mountTemplate(app, route, '/tenants/acme'); // '/tenants/:tenant'
 */
export function mountTemplate(
  app: ExpressApplication,
  route: object | undefined,
  baseUrl: string,
): string | undefined {
  try {
    const apps = [app];
    while (apps[0]?.parent !== undefined && apps.length < MAX_APPLICATIONS) {
      apps.unshift(apps[0].parent);
    }
    return templateIn(apps, 0, stackOf(apps[0]), route, baseUrl);
  } catch {
    // A path that cannot be decoded, or a router of another shape.
    return undefined;
  }
}

/**
 * The template of a function that is mounted with a path, as in `app.use('/trpc', handler)`.
 *
 * @param baseUrl text of the URL, which the mounts up to the function have matched.
 */
export function functionTemplate(app: ExpressApplication, baseUrl: string): string | undefined {
  return baseUrl === '' ? undefined : mountTemplate(app, undefined, baseUrl);
}

/** Whether a route is in an application, under whatever mount. */
export function hasRoute(app: ExpressApplication, route: object): boolean {
  try {
    return isWithin(stackOf(app), route);
  } catch {
    return false;
  }
}

function isWithin(stack: readonly Layer[] | undefined, route: object): boolean {
  return (
    stack?.some((layer) => layer.route === route || isWithin(stackOf(layer.handle), route)) ?? false
  );
}

function stackOf(handle: RouterLike | undefined): readonly Layer[] | undefined {
  const stack = handle?.stack ?? handle?.[EXPRESS_4_ROUTER]?.stack ?? handle?.router?.stack;
  return Array.isArray(stack) ? (stack as readonly Layer[]) : undefined;
}

function templateIn(
  apps: readonly ExpressApplication[],
  depth: number,
  stack: readonly Layer[] | undefined,
  route: object | undefined,
  baseUrl: string,
): string | undefined {
  if (stack === undefined) return undefined;
  for (const layer of stack) {
    if (layer.route !== undefined) {
      if (layer.route === route && baseUrl === '' && depth === apps.length - 1) return '';
      continue;
    }
    const isApplication = layer.name === MOUNTED_APPLICATION && depth < apps.length - 1;
    const inner = isApplication ? stackOf(apps[depth + 1]) : stackOf(layer.handle);
    const isFunction = inner === undefined;
    if (isFunction && (route !== undefined || depth < apps.length - 1)) continue;
    const mount = mountOf(layer, baseUrl);
    if (mount === undefined) continue;
    if (isFunction) {
      if (mount.text !== '' && mount.text === baseUrl) return mount.template;
      continue;
    }
    const rest = baseUrl.slice(mount.text.length);
    const below = templateIn(apps, isApplication ? depth + 1 : depth, inner, route, rest);
    if (below !== undefined) return mount.template + below;
  }
  return undefined;
}

/** What a layer takes off the beginning of a path; `undefined` where it has no template. */
function mountOf(layer: Layer, path: string): Mount | undefined {
  const match = layer.match?.(path || '/');
  if (match === undefined || match === false) return undefined;
  const text = withoutSlash(String(match === true ? layer.path : match.path));
  if (text === '') return { text, template: '' };
  if (!path.startsWith(text)) return undefined;
  const pattern = match === true ? layer.rawPath : match.pattern;
  const template = pattern === undefined ? literal(layer, text) : pattern;
  return typeof template === 'string' ? { text, template: withoutSlash(template) } : undefined;
}

/**
 * The path of a mount that a router has not kept: the text that it has matched, if it matches no
 * other text. A router that ignores case gives all spellings one template.
 */
function literal(layer: Layer, text: string): string | undefined {
  const isMatched = (path: string): boolean => layer.match?.(path) === true;
  if (Object.keys(Object(layer.params) as object).length > 0) return undefined;
  for (let i = 1; i < text.length; i++) {
    if (text[i] === '/') continue;
    for (const other of ['x', 'q', '7', '4']) {
      if (text[i]?.toLowerCase() === other) continue;
      if (isMatched(text.slice(0, i) + other + text.slice(i + 1))) return undefined;
    }
  }
  const ignoresCase = isMatched(text.toUpperCase()) && isMatched(text.toLowerCase());
  return ignoresCase ? text.toLowerCase() : text;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
