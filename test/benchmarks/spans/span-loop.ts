import { type SpanMaker, spanMakers } from './span-makers.js';
import type { UnitOfWork } from './span-work.js';

const batches = 12;
const piecesOfOne = 10;

const [, , name = '', requests = ''] = process.argv;
const maker = await spanMakers[name]?.();
if (maker === undefined) throw new Error(`Nothing that makes spans is called ${name}`);

await check(maker);
await repeat(maker, maker.spanned);
await repeat(maker, maker.bare);
let [spanned, bare] = [Infinity, Infinity];
for (let batch = 0; batch < batches; batch++) {
  spanned = Math.min(spanned, await cpuOf(maker, maker.spanned));
  bare = Math.min(bare, await cpuOf(maker, maker.bare));
}
process.send?.({ nanoseconds: spanned - bare });
process.disconnect?.();

async function check({ count, request, spanned, bare, expected }: SpanMaker): Promise<void> {
  const ended = await count(() => request(spanned));
  if (ended !== expected) throw new Error(`${name}: ${ended} spans, not ${expected}`);
  const unasked = await count(() => request(bare));
  if (unasked !== 0) throw new Error(`${name}: ${unasked} spans in work that has none`);
}

/** Nanoseconds of CPU for one piece of the work, garbage collection included. */
async function cpuOf(maker: SpanMaker, work: UnitOfWork): Promise<number> {
  const before = process.cpuUsage();
  await repeat(maker, work);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / (Number(requests) * piecesOfOne);
}

async function repeat({ request }: SpanMaker, work: UnitOfWork): Promise<void> {
  for (let i = 0; i < Number(requests); i++) {
    const result = request(work);
    if (result instanceof Promise) await result;
  }
}
