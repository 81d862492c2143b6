import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_LIMIT = 32 * 1024 * 1024;

/** What npm says of a tarball that it has made. */
interface PackResult {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

export async function npm(cwd: string, ...args: string[]): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run('npm', args, { cwd, env, maxBuffer: OUTPUT_LIMIT }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`npm ${args.join(' ')}: ${error.message}\n${error.stdout}\n${error.stderr}`);
    },
  );
  return stdout;
}

/** The tarball of the last build, and applications that install it. */
export class Packed {
  private constructor(
    readonly size: number,
    readonly paths: readonly string[],
    private readonly folder: string,
    readonly tarball: string,
  ) {}

  static async make(): Promise<Packed> {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-package-'));
    // `npm run test:package` has built what is packed. Another build would take away, for a moment,
    // what the test files beside this one pack.
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [packed] = JSON.parse(await npm('.', ...pack)) as [PackResult];
    const paths = packed.files.map(({ path }) => path);
    return new Packed(packed.size, paths, folder, join(folder, packed.filename));
  }

  /** A fresh application that installs the tarball as its users do. Returns its folder. */
  async consumer(name: string): Promise<string> {
    const cwd = join(this.folder, name);
    cpSync(join('test/package/consumers', name), cwd, { recursive: true });
    await npm(cwd, 'install', '--no-audit', '--no-fund', '--prefer-offline', this.tarball);
    await npm(cwd, 'run', 'build');
    return cwd;
  }

  /** An empty folder, for a project that is made by hand. */
  makeFolder(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path);
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The installed version of a dependency. */
export function version(cwd: string, dependency: string): string {
  const file = join(cwd, 'node_modules', dependency, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Pages whose commands install what their entry needs. */
const INSTALLING = ['README.md', 'docs/opentelemetry.md', 'docs/metrics.md'];

/** What the `npm install` commands of the documentation install, without the library, which is the tarball. */
export function documentedInstalls(): string[][] {
  const text = INSTALLING.map((page) => readFileSync(page, 'utf8')).join('\n');
  return [...text.matchAll(/\bnpm install ([^`\n]+)/g)].map(([, rest]) =>
    expandBraces(rest!)
      .split(/\s+/)
      .filter((word) => word !== '' && word !== 'nestjs-tracing'),
  );
}

/** As a shell does it: `a/{b,c}` is `a/b a/c`. */
function expandBraces(words: string): string {
  return words.replace(/(\S*)\{([^}]+)\}/g, (_all, prefix: string, list: string) =>
    list
      .split(',')
      .map((part) => prefix + part)
      .join(' '),
  );
}
