import { checkOutput } from '../check-output.js';
import { judged, shown } from '../figures.js';
import { type Contender, contendersOf, titleOf } from '../in-memory/time-requests.js';
import { markdownTable } from '../markdown-table.js';
import type { BenchmarkedNode } from '../nodes.js';
import { type Findings, forEachIn, type Run } from '../run.js';
import { platforms } from '../server-host.js';
import { bare, type Variant, variants } from '../variant-list.js';
import { type Failure, type Measured, timeInRounds } from './rounds.js';
import { added, shareOf, targets } from './socket-targets.js';
import { type Measure, measures, type TimingSizes } from './timing.js';

const full: TimingSizes = {
  ...{ rounds: 5, warmUp: 5_000, saturated: 4_000, steady: 1_500, rate: 1_500 },
};
const quick: TimingSizes = { ...full, rounds: 1, warmUp: 500, saturated: 500, steady: 300 };

/** What each library adds to a request over the loopback device, with the kernel's part in it. */
export async function socketsSection(run: Run): Promise<Findings> {
  const sizes = run.isQuick ? quick : full;
  const contenders = contendersOf(run, variants);
  const unsound = await check(run, contenders);
  const sound = contenders.filter(
    ({ variant, platform, node }) =>
      !unsound.some((u) => u.variant === variant && u.platform === platform && u.node === node),
  );
  const { measured, failures } = await timeInRounds(run, sound, sizes);
  return {
    text: [
      '## CPU of the server for one request over sockets',
      'Microseconds of the whole process. A request awaits five times, writes three lines and ends with ' +
        'an access line; the bare application writes none. Output goes to the null device. ' +
        `Medians of ${sizes.rounds} interleaved rounds, each server a new process that has served ` +
        `${sizes.warmUp.toLocaleString('en')} requests before the first that counts.`,
      ...run.nodes.flatMap((node) => textFor(node, measured, sizes)),
    ],
    failures: [...unsound, ...failures].map((one) => `${titleOf(one)}: ${one.reason}`),
  };
}

async function check(run: Run, contenders: readonly Contender[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  await forEachIn(run, contenders, async (contender) => {
    const { variant, platform, node } = contender;
    const reason = await checkOutput(variant, platform, node);
    run.announce(`checked: ${titleOf(contender)}: ${reason ?? 'sound'}`);
    if (reason !== undefined) failures.push({ ...contender, reason });
  });
  return failures;
}

function textFor(
  node: BenchmarkedNode,
  all: readonly Measured[],
  sizes: TimingSizes,
): readonly string[] {
  const measured = all.filter((one) => one.node === node);
  return [
    `### Node ${node.version.slice(1)}`,
    ...measures.flatMap((measure) => [
      `${loadTitle(measure, sizes)}:`,
      cpuTable(measure, measured),
    ]),
    'What nestjs-tracing adds to a bare application, as a share of what others add:',
    targetTable(measured, sizes),
  ];
}

function loadTitle(measure: Measure, { rate }: TimingSizes): string {
  return measure === 'saturated'
    ? 'At saturation'
    : `At ${rate.toLocaleString('en')} requests a second`;
}

function cpuTable(measure: Measure, measured: readonly Measured[]): string {
  const rows = [...new Set(measured.map(({ variant }) => variant))];
  const cells = (variant: Variant) =>
    platforms.flatMap((platform) => {
      const cpuOf = (wanted: Variant) =>
        measured.find((m) => m.variant === wanted && m.platform === platform)?.timing[measure] ??
        NaN;
      const cpu = cpuOf(variant);
      const over = added(variant, platform, measure, measured);
      return [shown(cpu), shown(cpu / cpuOf(bare), 2), shown(over)];
    });
  return markdownTable(
    ['', 'Express µs', 'ratio', 'over bare', 'Fastify µs', 'ratio', 'over bare'],
    rows.map((variant) => [variant.name, ...cells(variant)]),
  );
}

function targetTable(measured: readonly Measured[], sizes: TimingSizes): string {
  const columns = platforms.flatMap((platform) =>
    measures.map((measure) => ({ platform, measure })),
  );
  return markdownTable(
    [
      'share',
      ...columns.map(
        ({ platform, measure }) => `${platform}, ${loadTitle(measure, sizes).toLowerCase()}`,
      ),
    ],
    targets.map((target) => [
      `${target.variant.name}, of ${target.yardstick.name}`,
      ...columns.map(({ platform, measure }) =>
        judged(shareOf(target, platform, measure, measured), target.atMost[platform], 2),
      ),
    ]),
  );
}
