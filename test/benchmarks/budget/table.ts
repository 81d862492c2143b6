import type { Budget } from './budget.js';

/** What was counted beside what is allowed, without what neither happens nor may. */
export function table(counted: Budget, budget: Budget = {}): string {
  const rows = Object.entries(counted).flatMap(([name, counts]) => [
    [name, '', '', ''],
    ...Object.entries(counts)
      .filter(([counter, count]) => count !== 0 || budget[name]?.[counter])
      .map(([counter, count]) => row(counter, count, budget[name]?.[counter])),
  ]);
  return [['', 'counted', 'budget', 'share'], ...rows].map(line).join('\n');
}

function row(counter: string, counted: number, allowed: number | undefined): string[] {
  const share = allowed ? `${((counted / allowed) * 100).toFixed(1)} %` : '–';
  return [`  ${counter}`, figure(counted), allowed === undefined ? '–' : figure(allowed), share];
}

function figure(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}

function line([name = '', ...figures]: string[]): string {
  return `${name.padEnd(28)}${figures.map((figure) => figure.padStart(10)).join('')}`.trimEnd();
}
