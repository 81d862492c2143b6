import { readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** A package that is installed is a tool, such as Jest or PM2, and not the application. */
const INSTALLED = /[\\/]node_modules(?:[\\/]|$)/;

// Looked for once: it does not change while the process runs.
let found: { readonly name: string | undefined } | undefined;

/**
 * The name of the application: what OpenTelemetry's variables say, else the name in the nearest
 * `package.json`, else what OpenTelemetry calls a service without a name.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration
 */
export function defaultService(): string {
  const { OTEL_SERVICE_NAME: otel, npm_package_name: npm } = process.env;
  const named = otel || nameAmongAttributes(process.env['OTEL_RESOURCE_ATTRIBUTES']);
  if (named) return named;
  found ??= { name: packageNameFrom(startingFolders()) };
  // npm names the package whose script it runs, which may be the root of a monorepo.
  return found.name ?? (npm || 'unknown_service:node');
}

/** The `service.name` of a list such as `service.name=shop,service.version=1.2`. */
function nameAmongAttributes(list = ''): string | undefined {
  const value = /(?:^|,)\s*service\.name\s*=([^,]*)/.exec(list)?.[1]?.trim();
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    // OpenTelemetry ignores the list too.
    return undefined;
  }
}

/**
 * The name in the `package.json` that is nearest above the first of these folders that has one. A
 * file without a name, such as one that only says `"type": "module"`, is not the package's; neither
 * is one that cannot be read.
 */
function packageNameFrom(folders: Iterable<string>): string | undefined {
  for (const start of folders) {
    if (INSTALLED.test(start)) continue;
    for (let folder = start; ; folder = dirname(folder)) {
      const name = nameIn(join(folder, 'package.json'));
      if (name !== undefined) return name;
      if (folder === dirname(folder)) break;
    }
  }
  return undefined;
}

/** Where the application may be, the most certain first. */
function* startingFolders(): Generator<string> {
  const { LAMBDA_TASK_ROOT: lambda, pm_exec_path: pm2 } = process.env;
  // The entry script of AWS Lambda is its runtime.
  if (lambda) yield lambda;
  // With `node -e` there is no script, and the first argument is in its place.
  for (const script of [process.argv[1], pm2]) {
    if (script !== undefined && isAbsolute(script)) yield dirname(withoutLinks(script));
  }
  try {
    yield process.cwd();
  } catch {
    // The folder has been removed since the process began.
  }
}

/** A script that is started through a link, such as one in `/usr/local/bin`, is where that leads. */
function withoutLinks(script: string): string {
  try {
    return realpathSync(script);
  } catch {
    // `node dist/main` leaves the extension out.
    return script;
  }
}

function nameIn(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    const name: unknown = (JSON.parse(text) as { name?: unknown } | null)?.name;
    return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;
  } catch {
    // No such file, or not one that npm could read.
    return undefined;
  }
}
