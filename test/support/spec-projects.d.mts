export function specProjects(root: string): Record<'unit' | 'app' | 'process', string[]>;
