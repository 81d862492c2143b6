/** What a prefix or an envelope says about the line inside it. */
export interface LineOrigin {
  /** The process that has written the line, as far as it is known: the same for all its lines. */
  readonly source: string;
  /** Where the process writes: lines of one channel follow each other. */
  readonly channel: string;
  /** A name for the service of lines that have none. */
  readonly service: string | undefined;
  /** When the line was written, for lines that have no time. Any form that a log line may have. */
  readonly time: unknown;
}

/** The channel of lines without prefix and envelope. */
export const NO_CHANNEL = '';

/** What is known of a line in an envelope that has a prefix, or is in another one. */
export function within(outside: LineOrigin, inside: LineOrigin): LineOrigin {
  return {
    source: `${outside.source}\n${inside.source}`,
    channel: `${outside.channel}\n${inside.channel}`,
    service: inside.service ?? outside.service,
    time: inside.time ?? outside.time,
  };
}
