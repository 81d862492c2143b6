/** Texts that an attacker sends, or has logged, to take over the page or to deceive its reader. */
export interface HostileText {
  readonly name: string;
  readonly text: string;
  /** As it is to be read, in one line. */
  readonly shown: string;
}

const asItIs = (name: string, text: string): HostileText => ({ name, text, shown: text });

/** Calls `hacked`, or another host, if anything of it is ever run. */
export const HOSTILE_TEXTS: readonly HostileText[] = [
  asItIs('a script', '<script>hacked()</script>'),
  asItIs('an image', '<img src=//evil.example/x onerror=hacked()>'),
  asItIs('end tags', "</title></textarea></style></script><svg onload='hacked()'>"),
  asItIs('a comment', '<!--<script>hacked()//'),
  asItIs('an attribute', "' onmouseover='hacked()' x='"),
  asItIs('a URL', 'javascript:hacked()'),
  asItIs('entities', '&lt;script&gt;hacked()&lt;/script&gt;&amp;'),
  asItIs('a template', '${hacked()} {{hacked()}} $& $1'),
  asItIs('a prototype', '__proto__'),
  {
    name: 'ANSI',
    text: '\u001b[31mred\u001b[0m\u009b2J\u001b]8;;http://evil.example\u0007link',
    shown: '\\u001b[31mred\\u001b[0m\\u009b2J\\u001b]8;;http://evil.example\\u0007link',
  },
  {
    name: 'bidi overrides',
    text: 'user\u202egnp.exe\u2066x\u2069\u200f',
    shown: 'user\\u202egnp.exe\\u2066x\\u2069\\u200f',
  },
  { name: 'line ends', text: 'a\u2028b\u2029c\r\nd', shown: 'a\\u2028b\\u2029c\\r\\nd' },
  { name: 'NUL', text: 'a\u0000b\u007fc\tTab', shown: 'a\\u0000b\\u007fc\\tTab' },
];

/** Those that a header or a path can contain unchanged. */
export const HOSTILE_WORDS: readonly string[] = [
  '<script>hacked()</script>',
  '<img/src=//evil.example/x/onerror=hacked()>',
  "'onmouseover='hacked()'",
  'javascript:hacked()',
  '__proto__',
  'constructor',
];
