/**
 * What the build shortens in JavaScript: the names of local variables. The names of functions, classes
 * and properties stay, and so do the lines: they are what a stack shows, and Node prints the line of
 * an error that is not caught.
 */
export const MINIFIED = {
  compress: false,
  mangle: { toplevel: false, keepNames: true },
  codegen: { removeWhitespace: false },
} as const;
