/**
 * The own fields of an error that are written, if their values are simple. Each tells what kind of
 * fault it is, or where it is. Errors of libraries also carry what they worked on: bodies, headers,
 * configurations, statements, parameters and rows. Such fields are not written, whatever their
 * names, because no list of them is complete.
 */
export const FAULT_FIELDS: readonly string[] = [
  // Node's system errors, undici, HTTP clients.
  'code',
  'errno',
  'syscall',
  'address',
  'port',
  'hostname',
  'path',
  'dest',
  'signal',
  'exitCode',
  // HTTP clients and frameworks.
  'status',
  'statusCode',
  'type',
  'kind',
  'reason',
  'retryable',
  'isRetryable',
  'isOperational',
  // PostgreSQL: which object refused, and where; never `detail`, `where` or `hint`, which hold rows.
  'severity',
  'constraint',
  'schema',
  'table',
  'column',
  'dataType',
  'routine',
  'position',
  // MySQL, SQL Server, MongoDB, SQLite; never `sql`, `sqlMessage`, `parameters` or `keyValue`.
  'sqlState',
  'fatal',
  'number',
  'procName',
  'codeName',
  'rawCode',
  // Prisma, whose `meta` holds values.
  'clientVersion',
  // AWS: `client` or `server`.
  '$fault',
];

const NAMES: ReadonlySet<string> = new Set(FAULT_FIELDS);

/** Whether an own field of an error tells of the fault, by its name. */
export function tellsOfFault(name: string): boolean {
  return NAMES.has(name);
}
