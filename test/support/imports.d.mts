export function importsOf(file: string, root: string): Map<string, string[]>;
