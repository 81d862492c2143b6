/**
 * The name that was probably meant: the one that differs least, by letters that are missing, added,
 * changed or swapped; `undefined` where none is near.
 */
export function closestName(text: string, names: readonly string[]): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const given = plain(text);
  let closest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const known = plain(name);
    const distance = distanceBetween(given, known);
    if (distance < least && isNear(given, known, distance)) {
      closest = name;
      least = distance;
    }
  }
  return closest;
}

const MAX_LENGTH = 40;
const MIN_PART = 4;

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z\d]/g, '');
}

function isNear(given: string, known: string, distance: number): boolean {
  const shorter = Math.min(given.length, known.length);
  if (distance <= Math.max(1, Math.floor(shorter / 3)) && distance < shorter) return true;
  return shorter >= MIN_PART && (given.startsWith(known) || known.startsWith(given));
}

/** The optimal string alignment distance. */
function distanceBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + cost);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
