const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/i;
const MAX_LENGTH = 20;

/** A request id that fits a list: of a UUID, the part before the first dash. */
export function shortId(id: string): string {
  if (UUID.test(id)) return id.slice(0, 8);
  return id.length > MAX_LENGTH ? `${id.slice(0, MAX_LENGTH - 1)}…` : id;
}
