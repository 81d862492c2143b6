import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { isTraced, report } from './smoke.js';

const MODES = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];
const FILES = ['types-consumer.mts', 'types-consumer.cts'];

// The newest compiler reads all shipped types, and checks them: skipLibCheck is off.
await report(async () => {
  if (!isTraced) return 'nothing to compile';
  const others = new Set<string>();
  for (const mode of MODES) {
    const compilerOptions = {
      ...{ target: 'es2024', strict: true, exactOptionalPropertyTypes: true, noEmit: true },
      ...{ experimentalDecorators: true, emitDecoratorMetadata: true, types: ['node'] },
      ...mode,
      skipLibCheck: false,
    };
    writeFileSync('tsconfig.json', JSON.stringify({ compilerOptions, files: FILES }));
    const args = ['node_modules/typescript/bin/tsc', '--pretty', 'false'];
    const output = await promisify(execFile)(process.execPath, args).then(
      ({ stdout }) => stdout,
      ({ stdout = '', stderr = '' }: { stdout?: string; stderr?: string }) => stdout + stderr,
    );
    const errors = output.split('\n').filter((line) => / error TS|^error/.test(line));
    for (const error of errors) {
      const [, other] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(error) ?? [];
      if (other === undefined || other === 'nestjs-tracing') throw new Error(error);
      others.add(other);
    }
  }
  const rest = others.size === 0 ? '' : `; errors in the types of ${[...others].join(', ')} itself`;
  return `all entries compile with skipLibCheck false, as ES modules, CommonJS and for a bundler${rest}`;
});
