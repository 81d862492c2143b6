import { createRequire } from 'node:module';
import { esModuleSeenFrom, rootFiles } from '../installed-packages.js';
import { importFile, isNodeLoading, loadedEsModule } from '../loaded-modules.js';
import { definePatch, type Patch } from '../patch.js';
import { hasMethods, ownerOf } from '../provided-class.js';
import type { McpProtocol } from './message.js';
import type { StdioTransport } from './stdio.js';

/** One of the packages that the official SDK comes in, and what is changed in it. */
export interface Sdk {
  readonly connect: Patch;
  readonly handlers: Patch;
  readonly transport: Patch;
  /** Not in the package of clients, which are never the server's end of stdio. */
  readonly stdio?: Patch;
  readonly isFileOf: (file: string) => boolean;
  /** The versions that are supported, as in `^1.20`. */
  readonly range: string;
  /** The entries that have its classes. */
  readonly entries: readonly string[];
}

/** What the modules of the SDK export, in all its versions and packages. */
interface SdkExports {
  readonly Protocol?: Class;
  readonly Server?: Class;
  readonly Client?: Class;
  readonly StdioServerTransport?: Class;
}

interface Class {
  readonly prototype: object;
}

/** A method that `Protocol` has, and no class that extends it. */
const BASE_METHOD = 'assertCanSetRequestHandler';

/** The classes of all copies of a package in this process. */
export interface SdkClasses {
  readonly protocols: readonly McpProtocol[];
  readonly stdioTransports: readonly StdioTransport[];
}

export const SDKS: readonly Sdk[] = [
  {
    ...protocolPatches('@modelcontextprotocol/sdk'),
    stdio: stdioPatch('@modelcontextprotocol/sdk'),
    range: '^1.20',
    entries: [
      '@modelcontextprotocol/sdk/shared/protocol.js',
      // Their classes extend it, wherever it comes to be.
      '@modelcontextprotocol/sdk/server/index.js',
      '@modelcontextprotocol/sdk/client/index.js',
      '@modelcontextprotocol/sdk/server/stdio.js',
    ],
  },
  {
    ...protocolPatches('@modelcontextprotocol/server'),
    stdio: stdioPatch('@modelcontextprotocol/server'),
    range: '^2',
    entries: ['@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio'],
  },
  {
    ...protocolPatches('@modelcontextprotocol/client'),
    range: '^2',
    entries: ['@modelcontextprotocol/client'],
  },
];

/**
 * The classes of a package that the application has loaded. Nothing is loaded here, but where a test
 * runner loads the modules: what it has loaded is not to be found out.
 *
 * @param files those that CommonJS has loaded.
 */
export async function classesOf(sdk: Sdk, files: readonly string[]): Promise<SdkClasses> {
  if (isNodeLoading()) return loadedClasses(sdk, files);
  const modules: SdkExports[] = [];
  // One after the other: Jest cannot link modules that several imports share at the same time.
  for (const file of esFiles(sdk)) {
    modules.push((await sdk.connect.load(() => importFile(file))) ?? {});
  }
  return classesIn([...requiredModules(sdk, files), ...modules]);
}

/** The same at once, for what the application has just loaded. */
export function loadedClasses(sdk: Sdk, files: readonly string[]): SdkClasses {
  const modules = esFiles(sdk).map((file) => Object(loadedEsModule(file)) as SdkExports);
  return classesIn([...requiredModules(sdk, files), ...modules]);
}

/** Whether the application has the package, and so may load it. */
export function isInstalled(sdk: Sdk): boolean {
  return esFiles(sdk).length > 0;
}

/** `Protocol` of a server or client: of a copy of the SDK that is somewhere else, or in a bundle. */
export function protocolOf(instance: object): McpProtocol | undefined {
  const isProtocol = hasMethods(instance, 'connect', 'setNotificationHandler', BASE_METHOD);
  return isProtocol ? (ownerOf(instance, BASE_METHOD) as McpProtocol) : undefined;
}

const seenFrom = new WeakMap<Sdk, readonly string[]>();

/** The ES modules of a package that the application would get by `import`, loaded or not. */
function esFiles(sdk: Sdk): readonly string[] {
  const known = seenFrom.get(sdk);
  if (known !== undefined) return known;
  const files = [...rootFiles()].flatMap((root) =>
    sdk.entries.map((entry) => esModuleSeenFrom(root, entry)),
  );
  const found = [...new Set(files)].filter((file) => file !== undefined);
  seenFrom.set(sdk, found);
  return found;
}

function classesIn(modules: readonly SdkExports[]): SdkClasses {
  const protocols = modules.flatMap(({ Protocol, Server, Client }) => [Protocol, Server, Client]);
  return {
    protocols: distinct(protocols.map(baseOf)) as McpProtocol[],
    stdioTransports: distinct(
      modules.map(({ StdioServerTransport: type }) => type?.prototype),
    ) as StdioTransport[],
  };
}

/**
 * What CommonJS has loaded: by the application, or by `@rekog/mcp-nest`, which is CommonJS even
 * where the application is not. These classes are others than those of the ESM build.
 */
function requiredModules({ isFileOf }: Sdk, files: readonly string[]): SdkExports[] {
  const { cache } = createRequire('/');
  return files.filter(isFileOf).map((file) => Object(cache[file]?.exports) as SdkExports);
}

/** The files of the SDK that CommonJS has loaded: of thousands, so they are looked for once. */
export function requiredFiles(): readonly string[] {
  return (Reflect.ownKeys(createRequire('/').cache) as string[]).filter((file) =>
    file.includes('@modelcontextprotocol'),
  );
}

/** `Protocol`, which version 2 does not export: what its servers and clients extend. */
function baseOf(type: Class | undefined): object | undefined {
  let base = type?.prototype;
  for (let above = base; above !== undefined && above !== Object.prototype;) {
    base = above;
    above = (Object.getPrototypeOf(above) as object | null) ?? undefined;
  }
  return base;
}

function distinct(prototypes: readonly (object | undefined)[]): object[] {
  return [...new Set(prototypes)].filter((prototype) => prototype !== undefined);
}

function protocolPatches(
  name: string,
): Pick<Sdk, 'connect' | 'handlers' | 'transport' | 'isFileOf'> {
  const path = new RegExp(`[\\\\/]${name.replace('/', '[\\\\/]')}[\\\\/]`);
  return {
    isFileOf: (file) => path.test(file),
    connect: definePatch({
      package: name,
      target: 'Protocol.prototype.connect',
      gives: 'the connections of all servers and clients, also of those that no container holds',
      without: 'MCP messages are not traced',
      why: 'the SDK has no hook for tracing; this public method is handed every transport',
    }),
    handlers: definePatch({
      package: name,
      target: 'Protocol.prototype.setNotificationHandler',
      gives: 'a trace for each MCP notification that is handled',
      without: 'MCP notifications are not traced',
      why: 'a transport does not show whether a notification is handled, nor when that ends',
    }),
    transport: definePatch({
      package: name,
      target: 'Transport',
      gives: 'a trace for each MCP message that comes in, and the trace in those that go out',
      without: 'MCP messages are not traced',
      why: 'a transport has one callback for messages, which the SDK sets before it calls `start`',
    }),
  };
}

function stdioPatch(name: string): Patch {
  return definePatch({
    package: name,
    target: 'StdioServerTransport.prototype.start',
    gives: 'log lines on standard error while MCP speaks on standard output',
    without: 'log lines may get between the MCP messages on standard output',
    why: 'the SDK does not announce that it takes standard output',
  });
}
