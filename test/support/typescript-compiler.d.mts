export const COMPILER: string;
export function compile(file: string, source: string): string;
