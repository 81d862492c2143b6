import { createRequire } from 'node:module';
import { loadOptional } from '../load-optional.js';
import { ownerOfMethod } from '../provided-class.js';

/** What the modules of the SDK export, in all its versions and packages. */
interface McpExports {
  readonly Protocol?: Constructor;
  readonly Server?: Constructor;
  readonly Client?: Constructor;
  readonly StdioServerTransport?: Constructor;
}

interface Constructor {
  readonly prototype: object;
}

const IS_MCP = /[\\/]@modelcontextprotocol[\\/]/;

/** The classes of all copies of the SDK in this process. */
export async function prototypesOf<P extends object, S extends object>(): Promise<{
  protocols: P[];
  stdioTransports: S[];
}> {
  const modules = [...requiredModules(), ...(await importedModules())];
  const protocols = modules
    .flatMap(({ Protocol, Server, Client }) => [Protocol, Server, Client])
    .map((type) => ownerOfMethod(type?.prototype, '_onrequest'));
  const stdioTransports = modules.map(({ StdioServerTransport: type }) =>
    ownerOfMethod(type?.prototype, 'start'),
  );
  return {
    protocols: distinct(protocols) as P[],
    stdioTransports: distinct(stdioTransports) as S[],
  };
}

/**
 * What CommonJS has loaded: by the application, or by `@rekog/mcp-nest`, which is CommonJS even
 * where the application is not. These classes are others than those of the ESM build.
 */
function requiredModules(): McpExports[] {
  const { cache } = createRequire('/');
  return Object.keys(cache)
    .filter((file) => IS_MCP.test(file))
    .map((file) => Object(cache[file]?.exports) as McpExports);
}

/**
 * What the application would get by `import`. Nothing tells which ES modules have been loaded, so
 * one that is installed is loaded here at the latest: that takes about 0.1 s, once, where the
 * application has it and never uses it.
 */
async function importedModules(): Promise<McpExports[]> {
  const modules: unknown[] = [
    await loadOptional('@modelcontextprotocol/sdk', async () => [
      await import('@modelcontextprotocol/sdk/shared/protocol.js'),
      await import('@modelcontextprotocol/sdk/server/stdio.js'),
    ]),
    await loadOptional('@modelcontextprotocol/server', async () => [
      await import('@modelcontextprotocol/server'),
      await import('@modelcontextprotocol/server/stdio'),
    ]),
    await loadOptional(
      '@modelcontextprotocol/client',
      () => import('@modelcontextprotocol/client'),
    ),
  ];
  return modules.flat().filter((module) => module !== undefined) as McpExports[];
}

function distinct(prototypes: readonly (object | undefined)[]): object[] {
  return [...new Set(prototypes)].filter((prototype) => prototype !== undefined);
}
