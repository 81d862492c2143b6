import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

/**
 * Builds `export.html` from the same script and style as the page: one file that needs no server,
 * with a place for the records that it shows.
 */
export function exportPlugin(): Plugin {
  return {
    name: 'export-page',
    generateBundle(_options, bundle) {
      const script = bundle['page.js'];
      const style = bundle['page.css'];
      if (script?.type !== 'chunk' || style?.type !== 'asset') {
        this.error('export.html is made of page.js and page.css, and one of them was not built');
      }
      this.emitFile({
        type: 'asset',
        fileName: 'export.html',
        source: exportHtml(inlineScript(script.code), inlineStyle(String(style.source))),
      });
    },
  };
}

function exportHtml(script: string, style: string): string {
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
