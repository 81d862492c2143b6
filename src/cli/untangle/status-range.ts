/** Statuses of HTTP, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

const CLASS = /^([1-5])xx$/i;
const COMPARED = /^(>=|<=|>|<|=)?(\d{3})$/;
const LAST = 999;

/** `500`, `5xx`, `>=400`, or several with commas; `undefined` for any other text. */
export function parseStatus(text: string): readonly StatusRange[] | undefined {
  const ranges = text.split(',').map((one) => rangeOf(one.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

/** Whether a status is in one of the ranges. */
export function hasStatus(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ from, to }) => status >= from && status <= to);
}

function rangeOf(text: string): StatusRange | undefined {
  const first = CLASS.exec(text)?.[1];
  if (first !== undefined) return { from: Number(first) * 100, to: Number(first) * 100 + 99 };
  const compared = COMPARED.exec(text);
  if (compared === null) return undefined;
  const status = Number(compared[2]);
  const ranges: Readonly<Record<string, StatusRange>> = {
    '=': { from: status, to: status },
    '>=': { from: status, to: LAST },
    '>': { from: status + 1, to: LAST },
    '<=': { from: 0, to: status },
    '<': { from: 0, to: status - 1 },
  };
  return ranges[compared[1] ?? '='];
}
