import { defineConfig, type Plugin } from 'vite';
import { exportPage } from './export-page.js';

export default defineConfig({
  base: './/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../../dist/viewer-page',
    emptyOutDir: true,
    // A script that the server hands out with `no-store` needs no hint to load earlier.
    modulePreload: false,
    license: { fileName: '.licenses/page.json' },
    rolldownOptions: {
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
  plugins: [exportPage(), sameOrigin()],
});

/** Vite asks for the script and the style as if they were another host's. */
function sameOrigin(): Plugin {
  return {
    name: 'same-origin',
    enforce: 'post',
    transformIndexHtml: (html) => html.replaceAll(' crossorigin', ''),
  };
}
