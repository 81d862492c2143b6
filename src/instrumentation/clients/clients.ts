import { warnOnce } from '../../records/warnings.js';
import { ai } from './ai.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { onLoaded } from '../loaded-modules.js';
import { copiesOf, declaredCopiesOf, isDeclared, requiredFiles } from './driver-modules.js';

/** A client library, as far as it is known before its instrumentation is loaded. */
interface ClientLibrary {
  /** Its packages. Where there are some, nothing is loaded for an application that has none of them. */
  readonly packages: readonly string[];
  readonly load: () => ClientInstrumentation | Promise<ClientInstrumentation>;
}

/** The client libraries that are traced, by name. */
export const CLIENTS: Readonly<Record<string, ClientLibrary>> = {
  pg: { packages: ['pg', 'pg-pool'], load: async () => (await import('./pg.js')).pg },
  'better-sqlite3': {
    packages: ['better-sqlite3', 'libsql'],
    load: async () => (await import('./better-sqlite3.js')).betterSqlite3,
  },
  'node:sqlite': {
    packages: ['node:sqlite'],
    load: async () => (await import('./node-sqlite.js')).nodeSqlite,
  },
  mysql2: { packages: ['mysql2'], load: async () => (await import('./mysql2.js')).mysql2 },
  mariadb: {
    packages: ['mariadb', 'mariadb/callback'],
    load: async () => (await import('./mariadb.js')).mariadb,
  },
  tedious: { packages: ['tedious'], load: async () => (await import('./tedious.js')).tedious },
  ioredis: { packages: ['ioredis'], load: async () => (await import('./ioredis.js')).ioredis },
  // `redis` loads the other.
  redis: {
    packages: ['redis', '@redis/client'],
    load: async () => (await import('./redis.js')).redis,
  },
  mongodb: { packages: ['mongodb'], load: async () => (await import('./mongodb.js')).mongodb },
  mongoose: { packages: ['mongoose'], load: async () => (await import('./mongoose.js')).mongoose },
  // It subscribes to a channel, whether or not the package is there.
  ai: { packages: [], load: () => ai },
};

const PACKAGES = Object.values(CLIENTS).flatMap(({ packages }) => packages);

/** The instrumentations that are loaded. */
const loaded = new Map<ClientLibrary, ClientInstrumentation>();
/** The copies that are traced, since the last start of an application. */
let traced = new WeakSet<object>();

/**
 * Prepares the client libraries that an application has loaded, and from then on those that it loads.
 * Called when it starts, and again once its modules are initialized, for what no event shows.
 */
export async function prepareClients(): Promise<void> {
  const files = requiredFiles(PACKAGES);
  // The end of the last application has undone what was changed before.
  traced = new WeakSet();
  for (const [name, library] of Object.entries(CLIENTS)) {
    try {
      const copies = await preparedCopies(library, files);
      traceCopies(library, [...copies, ...(await declaredCopies(library))]);
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
  onLoaded(traceLoaded);
}

/**
 * The copies of a library that are loaded. Its instrumentation is loaded where there are some or where
 * the application declares it: it is traced at once then, when it is loaded later.
 */
async function preparedCopies(library: ClientLibrary, files: readonly string[]): Promise<Copy[]> {
  const { packages } = library;
  const copies = copiesIn(library, files);
  if (loaded.has(library)) return copies;
  const isNeeded = packages.length === 0 || copies.length > 0 || packages.some(isDeclared);
  if (!isNeeded) return copies;
  loaded.set(library, await library.load());
  // The application may have loaded it meanwhile.
  return copiesIn(library, files);
}

/** Traces what the application has just loaded. */
function traceLoaded(): void {
  const files = requiredFiles(PACKAGES);
  for (const [name, library] of Object.entries(CLIENTS)) {
    try {
      const copies = copiesIn(library, files).filter(([exported]) => !traced.has(exported));
      if (copies.length === 0) continue;
      if (loaded.has(library)) traceCopies(library, copies);
      else void prepareClients();
    } catch (error) {
      warnNotTraced(name, error);
    }
  }
}

function traceCopies(library: ClientLibrary, copies: readonly Copy[]): void {
  if (copies.length === 0 && library.packages.length > 0) return;
  const instrumentation = loaded.get(library);
  instrumentation?.prepare?.();
  for (const [exported, name] of copies) {
    traced.add(exported);
    instrumentation?.traceCopy?.(exported, name);
  }
}

/** What a copy of a package exports, and the name of the package. */
type Copy = readonly [exported: object, name: string];

function named(name: string): (exported: object) => Copy {
  return (exported) => [exported, name];
}

/** The copies that are loaded. */
function copiesIn({ packages }: ClientLibrary, files: readonly string[]): Copy[] {
  return packages.flatMap((name) => [...copiesOf(name, files)].map(named(name)));
}

async function declaredCopies({ packages }: ClientLibrary): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const name of packages) copies.push(...[...(await declaredCopiesOf(name))].map(named(name)));
  return copies;
}

/** Whatever a library throws, the application starts, and its other libraries are traced. */
function warnNotTraced(name: string, error: unknown): void {
  warnOnce('TRACING_UNSUPPORTED', `${name} is not traced`, error, name);
}
