// winston's own (package `triple-beam`): symbols of the global registry, so they need no import.

/** The level of an entry, which formats cannot change. */
export const LEVEL = Symbol.for('level');
/** The finished line, which transports write. */
export const MESSAGE = Symbol.for('message');
/** The arguments behind the message of a call. */
export const SPLAT = Symbol.for('splat');
