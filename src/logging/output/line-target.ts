/** A destination of lines. */
export interface LineTarget {
  /** For messages. */
  readonly name: string;
  /** The most bytes that one call writes as a whole. Without it, calls may be of any length. */
  readonly atomicBytes?: number | undefined;
  /** The descriptor to write to; `undefined` while lines have to wait. Throws if it does not open. */
  fd(): number | undefined;
  /** Lets lines that wait for the descriptor be written. */
  release?(): void;
  /** Opens the file again, or throws and keeps the open one. */
  reopen?(): void;
  /** Closes what the target has opened; {@link LineTarget.fd} opens it again. */
  close?(): void;
}
