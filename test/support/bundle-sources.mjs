import { build } from 'vite';

// node bundle-sources.mjs FOLDER NAME=ENTRY…: bundles entries of the sources and all packages that
// they need into a few files, which a process loads in a fraction of the time. What they share, they
// share there too. An entry is a file, or the name of a package.

const [outDir, ...entries] = process.argv.slice(2);

await build({
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir,
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(entries.map((entry) => entry.split('='))),
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name].js' },
    },
  },
});
