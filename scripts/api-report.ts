import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
  type IConfigFile,
} from '@microsoft/api-extractor';
import { entries, manifest } from './package-entries.js';

// node scripts/api-report.ts [--update]
//
// Compares the public types of `build/types` with the reports in `etc`, one for each entry, or
// writes these anew. Users see what changes a report: it belongs in the changelog.

const TYPES = 'build/types';
const REPORTS = resolve('etc');

const isUpdate = process.argv.includes('--update');
mkdirSync(REPORTS, { recursive: true });
const configs = entries.map((entry) =>
  ExtractorConfig.prepare({
    configObject: configOf(entry),
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve('package.json'),
  }),
);
const compilerState = CompilerState.create(configs[0]!, {
  additionalEntryPoints: configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
const changed = configs.filter((config) => hasChanged(config));
console.log(`the public types: ${entries.length} reports, ${changed.length} changed`);
if (changed.length > 0 && !isUpdate) {
  console.error('If the change is meant: npm run api:update');
  process.exitCode = 1;
}

function hasChanged(config: ExtractorConfig): boolean {
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    compilerState,
    localBuild: isUpdate,
    printApiReportDiff: !isUpdate,
    messageCallback: printDiffOnly,
  });
  if (errorCount > 0) throw new Error(`API Extractor found ${errorCount} errors`);
  return apiReportChanged;
}

function configOf(entry: string): IConfigFile {
  // `testing/jest` is `-testing-jest`, and `viewer/index` is `-viewer`.
  const suffix = ['', ...entry.split('/').filter((part) => part !== 'index')].join('-');
  const silent = { logLevel: ExtractorLogLevel.None };
  return {
    projectFolder: resolve('.'),
    mainEntryPointFilePath: resolve(TYPES, `${entry}.d.ts`),
    compiler: { tsconfigFilePath: resolve('tsconfig.types.json') },
    apiReport: {
      enabled: true,
      // What an exported type refers to is as public as itself.
      includeForgottenExports: true,
      reportFileName: `${manifest.name}${suffix}.api.md`,
      reportFolder: REPORTS,
      reportTempFolder: resolve('build/api'),
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf' as IConfigFile['newlineKind'],
    // The report is about types; where files and lines are in the sources is no part of it.
    messages: {
      extractorMessageReporting: { default: silent },
      tsdocMessageReporting: { default: silent },
    },
  };
}

function printDiffOnly(message: ExtractorMessage): void {
  message.handled =
    message.messageId !== 'console-api-report-diff' && message.logLevel !== ExtractorLogLevel.Error;
}
