/** Up to here, V8 copies a part of a string; a longer one refers to the string that it is part of. */
const MAX_COPIED = 12;

/**
 * The same text in memory of its own. A part of a string keeps the whole string in memory, such as
 * the body of a request of which the first hundred characters are logged, and a string that was put
 * together keeps all its parts. A record that waits in a queue must hold no more than it shows.
 */
export function ownText(text: string): string {
  // Taking a part of a string that is put together makes V8 copy it.
  return text.length <= MAX_COPIED ? text : ` ${text}`.slice(1);
}
