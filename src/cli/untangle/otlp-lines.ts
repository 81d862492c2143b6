/** The list in a message of OTLP, or no items for what is none. */
function items(record: unknown, name: string): readonly unknown[] {
  const list = (Object(record) as Record<string, unknown>)[name];
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/**
 * The entries that a JSON line holds: itself, or the log records of an OTLP export, which is what
 * collectors write into files.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function entriesOf(json: object): readonly object[] {
  if (!Object.hasOwn(json, 'resourceLogs')) return [json];
  return items(json, 'resourceLogs').flatMap((resourceLogs) => {
    const { resource } = Object(resourceLogs) as { resource?: unknown };
    return items(resourceLogs, 'scopeLogs')
      .flatMap((scopeLogs) => items(scopeLogs, 'logRecords'))
      .map((record) => ({ ...said(record), resource }));
  });
}

/** A record without what is for machines. */
function said(record: unknown): object {
  const {
    flags: _,
    droppedAttributesCount: _dropped,
    ...rest
  } = Object(record) as Record<string, unknown>;
  return rest;
}
