import { warnOnce } from '../../records/warnings.js';
import type { ClientInstrumentation } from './client-instrumentation.js';
import { copiesOf } from './driver-modules.js';

/** A client library, as far as it is known before its instrumentation is loaded. */
interface ClientLibrary {
  /** Its packages. Where there are some, nothing is loaded for an application that has none of them. */
  readonly packages: readonly string[];
  readonly load: () => Promise<ClientInstrumentation>;
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
  // An application that declares `redis` loads the other with it.
  redis: {
    packages: ['redis', '@redis/client'],
    load: async () => (await import('./redis.js')).redis,
  },
  mongodb: { packages: ['mongodb'], load: async () => (await import('./mongodb.js')).mongodb },
  mongoose: { packages: ['mongoose'], load: async () => (await import('./mongoose.js')).mongoose },
  ai: { packages: [], load: async () => (await import('./ai.js')).ai },
};

/** The instrumentations that are loaded. */
const loaded = new Map<ClientLibrary, ClientInstrumentation>();

/**
 * Prepares the client libraries that an application has. Called when it starts, and again once its
 * modules are initialized: an ORM loads its driver when it makes its first connection.
 */
export async function prepareClients(): Promise<void> {
  for (const [name, library] of Object.entries(CLIENTS)) {
    try {
      await prepareClient(library);
    } catch (error) {
      // Whatever a library throws, the application starts, and its other libraries are traced.
      warnOnce('TRACING_UNSUPPORTED', `${name} is not traced`, error, name);
    }
  }
}

async function prepareClient(library: ClientLibrary): Promise<void> {
  const copies: (readonly [exported: object, name: string])[] = [];
  for (const name of library.packages) {
    for (const exported of await copiesOf(name)) copies.push([exported, name]);
  }
  if (copies.length === 0 && library.packages.length > 0) return;
  const instrumentation = loaded.get(library) ?? (await library.load());
  loaded.set(library, instrumentation);
  instrumentation.prepare?.();
  for (const [exported, name] of copies) instrumentation.traceCopy?.(exported, name);
}
