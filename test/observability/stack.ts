import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Where the files are that set up what keeps and shows the data of the sample application. */
export const STACK = fileURLToPath(new URL('../../sample-app/observability/', import.meta.url));

/** All of them, by their path in that folder. */
export const stackFiles = (): string[] =>
  readdirSync(STACK, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(STACK.length));

/** What one of them says. JSON is YAML too. */
export const settings = (file: string): any =>
  parse(readFileSync(join(STACK, file), 'utf8'), { uniqueKeys: true });

/** A query of the dashboard. */
export interface PanelQuery {
  readonly panel: string;
  readonly source: string;
  readonly expr: string;
}

export const dashboard = (): any => settings('grafana/dashboards/nestjs-tracing.json');

export const panelQueries = (): PanelQuery[] =>
  dashboard().panels.flatMap(({ title, targets }: any) =>
    targets.map(({ datasource, expr }: any) => ({ panel: title, source: datasource.uid, expr })),
  );

/** A query as Grafana sends it for a service. */
export const filled = (expr: string, service: string): string =>
  expr.replaceAll('$service', service).replaceAll('$__rate_interval', '1m');

/** The queries of a panel, as Grafana sends them for a service. */
export const queriesOf = (panel: string, service: string): string[] =>
  panelQueries()
    .filter((query) => query.panel === panel)
    .map(({ expr }) => filled(expr, service));

/** The queries to Prometheus: those of the dashboard and of the alert rules. */
export const promQueries = (): string[] => [
  ...panelQueries()
    .filter(({ source }) => source === 'prometheus')
    .map(({ expr }) => expr),
  ...alertRules().map(({ expr }) => expr.replace(/\s+/g, ' ').trim()),
];

export const alertRules = (): { alert: string; expr: string }[] =>
  settings('alerts.yaml').groups.flatMap(({ rules }: any) => rules);
