import { createRequire } from 'node:module';
import { definePatch, type Patch } from '../patch.js';
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
  /** Loads what the application would get by `import`. */
  readonly load: () => Promise<readonly SdkExports[]>;
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
    load: async () => [
      await import('@modelcontextprotocol/sdk/shared/protocol.js'),
      await import('@modelcontextprotocol/sdk/server/stdio.js'),
    ],
  },
  {
    ...protocolPatches('@modelcontextprotocol/server'),
    stdio: stdioPatch('@modelcontextprotocol/server'),
    range: '^2',
    load: async () => [
      await import('@modelcontextprotocol/server'),
      await import('@modelcontextprotocol/server/stdio'),
    ],
  },
  {
    ...protocolPatches('@modelcontextprotocol/client'),
    range: '^2',
    load: async () => [await import('@modelcontextprotocol/client')],
  },
] as readonly Sdk[];

/**
 * Finds the classes of a package. Nothing says which ES modules have been loaded, so one that is
 * installed is loaded here at the latest: that takes about 0.1 s, once, where the application has
 * it and never uses it.
 *
 * @param files those that CommonJS has loaded.
 */
export async function classesOf(sdk: Sdk, files: readonly string[]): Promise<SdkClasses> {
  const modules = [...requiredModules(sdk, files), ...((await sdk.connect.load(sdk.load)) ?? [])];
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
