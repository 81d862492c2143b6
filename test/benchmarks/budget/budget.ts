/** Of one request or one line, by the name of what is counted. */
export type Counts = Readonly<Record<string, number>>;

/** By the name of what causes them. */
export type Budget = Readonly<Record<string, Counts>>;

/** By major version of Node, whose own objects and promises are not the same in each. */
export type BudgetFile = Readonly<Record<string, Budget>>;

/** Counted where the machine supports it; not compared with a budget that has no such entry. */
export const optionalCounter = 'instructions';

/**
 * Bytes differ a little from run to run, and a closure takes 56 of them. The room for instructions
 * is a guess: the machine this was written on cannot count them. All else is exact.
 */
const headrooms: Readonly<Record<string, (counted: number) => number>> = {
  bytes: (counted) => counted + 32,
  [optionalCounter]: (counted) => Math.round(counted * 1.1),
};

/** What a count allows from now on. */
export function allowanceFor(counts: Counts): Counts {
  return mapCounts(counts, (counted, counter) => headrooms[counter]?.(counted) ?? counted);
}

/** In whole numbers: what happens once in many requests, as the refill of a pool, does not count. */
export function difference(counts: Counts, less: Counts): Counts {
  return mapCounts(counts, (counted, counter) => Math.round(counted - (less[counter] ?? NaN)));
}

/** Of two runs what each count was, as `choose` has it of the two. */
export function merge(
  one: Budget,
  other: Budget,
  choose: (one: number, other: number) => number,
): Budget {
  return Object.fromEntries(
    Object.entries(one).map(([name, counts]) => [
      name,
      mapCounts(counts, (counted, counter) => choose(counted, other[name]?.[counter] ?? NaN)),
    ]),
  );
}

/** One sentence for each count that is above its budget, or that has none, or is missing. */
export function excesses(counted: Budget, budget: Budget): string[] {
  return namesIn(counted, budget).flatMap((name) => {
    const [counts = {}, allowed = {}] = [counted[name], budget[name]];
    return namesIn(counts, allowed).flatMap((counter) => {
      const fault = faultIn(counter, counts[counter], allowed[counter]);
      return fault === undefined ? [] : [`${name}: ${fault}`];
    });
  });
}

function faultIn(
  counter: string,
  counted: number | undefined,
  allowed: number | undefined,
): string | undefined {
  if (counted !== undefined && allowed !== undefined) {
    return counted <= allowed ? undefined : `${counted} ${counter}, and ${allowed} are allowed`;
  }
  if (counter === optionalCounter) return undefined;
  return allowed === undefined ? `${counter} have no budget` : `${counter} were not counted`;
}

function namesIn(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

function mapCounts(
  counts: Counts,
  change: (counted: number, counter: string) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([counter, counted]) => [counter, change(counted, counter)]),
  );
}
