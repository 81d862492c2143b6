/** A row of an answer, which may have come from another program. */
export type AnswerRow = Readonly<Record<string, unknown>>;

/** The text or number in a row as text; empty for anything else. */
export function textIn(row: AnswerRow, name: string): string {
  const value = own(row, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function numberIn(row: AnswerRow, name: string): number | undefined {
  const value = own(row, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The object in a row; an empty one where there is none. */
export function rowIn(row: AnswerRow, name: string): AnswerRow {
  return asRow(own(row, name)) ?? {};
}

/** The objects in a list of a row. */
export function rowsIn(row: AnswerRow, name: string): readonly AnswerRow[] {
  const list = own(row, name);
  return Array.isArray(list) ? list.map(asRow).filter((one) => one !== undefined) : [];
}

/** An object of JSON; `undefined` for anything else. */
export function asRow(value: unknown): AnswerRow | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as AnswerRow) : undefined;
}

function own(row: AnswerRow, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}
