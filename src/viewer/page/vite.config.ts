import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../../dist/viewer-page',
    emptyOutDir: true,
    // The server sends the script with `no-store`, so a hint to load it earlier is of no use.
    modulePreload: false,
    license: { fileName: '.licenses/page.json' },
    rolldownOptions: {
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
  plugins: [sameOrigin()],
});

/** Vite adds `crossorigin` to the script and the style, which come from the same origin. */
function sameOrigin(): Plugin {
  return {
    name: 'same-origin',
    enforce: 'post',
    transformIndexHtml: (html) => html.replaceAll(' crossorigin', ''),
  };
}
