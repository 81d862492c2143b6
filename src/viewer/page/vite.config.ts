import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: '../../../dist/viewer-page',
    emptyOutDir: true,
    rollupOptions: {
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
});
