// What a log escapes besides that which all JSON does: DEL and C1 drive terminals, U+2028 and
// U+2029 end lines, the bidi controls (UAX #9) show text in another order than it was written.
const CONTROLS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON in which every control character is an escape, as in the logs of this module. */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(CONTROLS, escaped);
}

/** JSON that can stand in a script element: nothing in it ends that, or begins a comment. */
export function scriptJson(value: unknown): string {
  return plainJson(value).replaceAll('<', String.raw`\u003c`);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
