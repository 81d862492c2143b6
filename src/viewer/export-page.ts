import { createHash } from 'node:crypto';

/**
 * The page as one file that needs no server, made of the same script and style, with a place for the
 * records that it shows: `null` in the element `records`.
 *
 * @param code what `page.js` has.
 * @param css what `page.css` has.
 */
export function exportPage(code: string, css: string): string {
  const script = inlineScript(code);
  const style = inlineStyle(css);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Traces</title>
<style>${style}</style>
</head>
<body>
<div id="page"></div>
<script type="application/json" id="records">null</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function policy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${sha256(script)}'`,
    `style-src '${sha256(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

// HTML ends a script at the first `</script`, and a comment opener changes where that is
// (HTML 13.2.5.15): in strings and templates, the only places for them, both can be written so.
function inlineScript(code: string): string {
  return code
    .trim()
    .replaceAll('</script', String.raw`<\/script`)
    .replaceAll('<!--', String.raw`\x3c!--`);
}

function inlineStyle(css: string): string {
  return css.trim().replaceAll('</style', String.raw`<\/style`);
}
