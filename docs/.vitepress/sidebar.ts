/** A page of the site: its title in the list, and its file without `.md`. */
export interface SidebarPage {
  readonly text: string;
  readonly page: string;
}

/** A part of the list. */
export interface SidebarPart {
  readonly text: string;
  readonly pages: readonly SidebarPage[];
}

/** The pages, in the order in which the site lists them. */
export const sidebar: readonly SidebarPart[] = [
  {
    text: 'Introduction',
    pages: [
      { text: 'What it does', page: 'index' },
      { text: 'Getting started', page: 'getting-started' },
      { text: 'Comparison', page: 'comparison' },
    ],
  },
  {
    text: 'Logs',
    pages: [
      { text: 'Logging', page: 'logging' },
      { text: 'Ids and propagation', page: 'ids' },
      { text: 'Access log', page: 'access-log' },
      { text: 'Flight recorder and levels', page: 'flight-recorder' },
    ],
  },
  {
    text: 'Spans and signals',
    pages: [
      { text: 'Spans', page: 'spans' },
      { text: 'Databases, caches and models', page: 'databases' },
      { text: 'Integrations', page: 'integrations' },
      { text: 'OpenTelemetry', page: 'opentelemetry' },
      { text: 'Metrics', page: 'metrics' },
    ],
  },
  {
    text: 'Tools',
    pages: [
      { text: 'Trace viewer', page: 'viewer' },
      { text: 'Command line', page: 'cli' },
      { text: 'Agents', page: 'agents' },
      { text: 'Testing', page: 'testing' },
    ],
  },
  {
    text: 'In production',
    pages: [
      { text: 'Production checklist', page: 'production' },
      { text: 'Security', page: 'security' },
      { text: 'Performance', page: 'performance' },
      { text: 'Troubleshooting', page: 'troubleshooting' },
    ],
  },
  {
    text: 'Reference',
    pages: [
      { text: 'Options', page: 'options' },
      { text: 'Recipes', page: 'recipes' },
      { text: 'nest add, OpenAPI, health', page: 'adoption' },
      { text: 'Exported names', page: 'api' },
      { text: 'Architecture', page: 'architecture' },
      { text: 'Internals', page: 'internals' },
    ],
  },
  {
    text: 'Migration',
    pages: [
      { text: 'Overview', page: 'migration/index' },
      { text: 'From nestjs-pino', page: 'migration/nestjs-pino' },
      { text: 'From nest-winston', page: 'migration/nest-winston' },
      { text: 'From nestjs-cls recipes', page: 'migration/nestjs-cls' },
      { text: 'From cls-rtracer', page: 'migration/cls-rtracer' },
      { text: 'From express-http-context', page: 'migration/express-http-context' },
    ],
  },
];
