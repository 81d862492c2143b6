/** Everything that moves a cursor, sets a title, ends a line or turns text around. */
export const CONTROL_TEXT =
  'a\u0000\u0007\b\u001b[2J\u001b]0;a title\u0007\u001b]8;;http://evil.example\u001b\\\u001bP$q\u001b\\' +
  '\u001b[31mred\u007f\u0085\u009b31m\u009d0;t\u009c\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ufeffb';

/** What must not be in a line as it is. Between lines there is only a line feed. */
export const CONTROL =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
