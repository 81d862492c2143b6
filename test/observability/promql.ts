const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g;
const MATCHERS = /\{([^}]*)\}/g;
const RANGE = /\[[^\]]*\]/g;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\b\s*(?:\(([^)]*)\))?/g;
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/** The names of the metrics in an expression of PromQL. */
export function metricsIn(expr: string): string[] {
  const rest = [MATCHERS, RANGE, GROUPING].reduce(
    (text, part) => text.replace(part, ' '),
    bare(expr),
  );
  const names = rest.match(/\b[a-z_:][\w:]*\b(?!\s*\()/gi) ?? [];
  return [...new Set(names.filter((name) => !OPERATORS.has(name)))];
}

/** The names of the labels that it chooses or groups by. */
export function labelsIn(expr: string): string[] {
  const text = bare(expr);
  const chosen = [...text.matchAll(MATCHERS)].flatMap(([, matchers = '']) =>
    matchers.split(',').map((matcher) => matcher.split(/[=!]/)[0]!),
  );
  const grouped = [...text.matchAll(GROUPING)].flatMap(([, labels = '']) => labels.split(','));
  return [...new Set([...chosen, ...grouped].map((label) => label.trim()))].filter(Boolean);
}

function bare(expr: string): string {
  return expr.replace(STRING, '""');
}
