/** How the calls of one client library are recorded. Each file of a driver exports one. */
export interface ClientInstrumentation {
  /**
   * Called when an application starts, perhaps several times in a process: for a library with
   * diagnostics channels, which are the same whatever copy of it is loaded.
   */
  readonly prepare?: () => void;
  /**
   * Called with each copy of the library that the application has, several times with the same one.
   * Changes to it go through `definePatch`, which makes none twice.
   *
   * @param exported what the copy exports, with `import` or with `require`.
   * @param name the package, where the instrumentation is for several.
   */
  readonly traceCopy?: (exported: object, name: string) => void;
}
