import type { ComponentChildren, JSX } from 'preact';

const MAX_ROWS = 200;

export interface Column<Row> {
  /** Its name in the address. */
  readonly name: string;
  readonly label: string;
  /** Texts are sorted by the alphabet, numbers the largest first. */
  readonly isText?: boolean;
  /** What it is sorted by. */
  value(row: Row): number | string | undefined;
  /** What it shows. Default: the value. */
  cell?(row: Row): ComponentChildren;
  /** Whether a narrow screen has no room for it. */
  readonly isExtra?: boolean;
}

interface SummaryTableProps<Row> {
  readonly label: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** The name of a column, after `-` in the opposite order; of none: as they are. */
  readonly sort: string | undefined;
  onSort(sort: string): void;
}

/** Rows of a summary, which a click on the name of a column sorts. */
export function SummaryTable<Row extends { readonly key: string }>(
  props: SummaryTableProps<Row>,
): JSX.Element {
  const { columns, rows, sort = '' } = props;
  const isReversed = sort.startsWith('-');
  const chosen = columns.find(({ name }) => name === (isReversed ? sort.slice(1) : sort));
  const sorted = chosen === undefined ? rows : rows.toSorted(orderOf(chosen, isReversed));
  const more = rows.length - MAX_ROWS;
  return (
    <>
      <table class="summary-table" aria-label={props.label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.name}
                scope="col"
                class={classOf(column)}
                aria-sort={column !== chosen ? undefined : directionOf(column, isReversed)}
              >
                <button
                  type="button"
                  title={`Sort by ${column.label}`}
                  onClick={() =>
                    props.onSort(column === chosen && !isReversed ? `-${column.name}` : column.name)
                  }
                >
                  {column.label}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MAX_ROWS).map((row) => (
            <tr key={row.key}>
              {columns.map((column, index) => {
                const Cell = index === 0 ? 'th' : 'td';
                return (
                  <Cell
                    key={column.name}
                    scope={index === 0 ? 'row' : undefined}
                    class={classOf(column)}
                  >
                    {column.cell === undefined ? column.value(row) : column.cell(row)}
                  </Cell>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="hint">and {more.toLocaleString('en')} more</p>}
    </>
  );
}

function classOf<Row>({ isText, isExtra }: Column<Row>): string {
  return `${isText === true ? 'text' : 'number'}${isExtra === true ? ' extra' : ''}`;
}

function directionOf<Row>(
  { isText }: Column<Row>,
  isReversed: boolean,
): 'ascending' | 'descending' {
  return (isText === true) === isReversed ? 'descending' : 'ascending';
}

/** What has no value is last in both orders. */
function orderOf<Row>({ value, isText }: Column<Row>, isReversed: boolean) {
  const sign = (isText === true) === isReversed ? -1 : 1;
  return (a: Row, b: Row): number => {
    const [one, other] = [value(a), value(b)];
    if (one === undefined || other === undefined) {
      return Number(one === undefined) - Number(other === undefined);
    }
    return one === other ? 0 : one < other ? -sign : sign;
  };
}
