// A CommonJS file in both builds. A static `import` of a package that is not installed fails before
// any code runs that could say what to install; and a bundler finds this call, as it would an import.

/** Loads `prom-client`. */
export function loadPromClient(): typeof import('prom-client') {
  return require('prom-client') as typeof import('prom-client');
}

/** The file that it is loaded from. */
export const LOADED_FROM = __filename;
