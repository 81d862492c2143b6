import { LEVEL_NAMES, severityOf } from '../../records/severity.js';
import { SearchPattern } from './search-pattern.js';

/** What was searched for. */
export interface Search {
  /** All of them have to match. */
  readonly terms: readonly SearchTerm[];
  /** What cannot be searched for, in a sentence for the user. Nothing matches it. */
  readonly problem?: string | undefined;
}

export interface SearchTerm {
  readonly isNegated: boolean;
  /** In lower case; `undefined` for any text of a request or line. */
  readonly field: string | undefined;
  /** Whether a text matches, or the value of a field. */
  matches(value: string): boolean;
  /** What to mark in a text that is found. */
  readonly marked?: string | undefined;
}

/** In characters. */
export const MAX_SEARCH = 2000;
const MAX_TERMS = 50;

/** One term: `-`, a field with a colon, then a phrase, a pattern or a word. */
const TERMS =
  /(-?)(?:([a-z_][\w.-]*):(?!\/\/))?("(?:[^"\\]|\\.)*"?|\/(?:[^/\\]|\\.)+\/(?=\s|$)|\S*)/giy;
const SPACES = /\s*/y;
const COMPARISON = /^(>=|<=|>|<|=)(.+)$/;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000 };

const EVERYTHING: Search = { terms: [] };

/**
 * Reads the search language: words, of which all have to be there; `"a phrase"`; `/a pattern/`;
 * `field:value`, `status:>=500`, `status:5xx`, `duration:>400`, `level:>=warn`; and `-` before what
 * must not be there. Case is ignored. A value is a part of the field's, a quoted one is all of it.
 */
export function parseSearch(text: string): Search {
  if (text.trim() === '') return EVERYTHING;
  if (text.length > MAX_SEARCH) return { terms: [], problem: `Over ${MAX_SEARCH} characters.` };
  const terms: SearchTerm[] = [];
  for (let at = 0; (at = afterSpaces(text, at)) < text.length; at = TERMS.lastIndex) {
    TERMS.lastIndex = at;
    const [all, minus, field, value = ''] = TERMS.exec(text)!;
    if (all === '') break;
    // A minus or a field alone is a word.
    const isWord = value === '';
    const term = termOf(isWord ? undefined : field, isWord ? all : value);
    if (typeof term === 'string') return { terms: [], problem: `${value}: ${term}` };
    if (terms.push({ ...term, isNegated: minus === '-' && !isWord }) > MAX_TERMS) {
      return { terms: [], problem: `Over ${MAX_TERMS} words.` };
    }
  }
  return { terms };
}

function afterSpaces(text: string, at: number): number {
  SPACES.lastIndex = at;
  SPACES.exec(text);
  return SPACES.lastIndex;
}

type Term = Omit<SearchTerm, 'isNegated'>;

/** Returns what is wrong with a pattern that cannot be used. */
function termOf(name: string | undefined, value: string): Term | string {
  const field = name?.toLowerCase();
  if (value.startsWith('"')) {
    const phrase = value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1').toLowerCase();
    if (field !== undefined) return { field, matches: (text) => text.toLowerCase() === phrase };
    return { field, marked: phrase, matches: (text) => text.includes(phrase) };
  }
  if (/^\/.+\/$/s.test(value)) {
    const pattern = SearchPattern.of(value.slice(1, -1));
    if (typeof pattern === 'string') return pattern;
    return { field, matches: (text) => pattern.test(text) };
  }
  const word = value.toLowerCase();
  if (field === undefined) return { field, marked: word, matches: (text) => text.includes(word) };
  return { field, matches: valueMatcher(field, word) };
}

function valueMatcher(field: string, value: string): (text: string) => boolean {
  const [, operator, operand] = COMPARISON.exec(value) ?? [];
  const wanted = operand === undefined ? undefined : comparable(field, operand);
  if (operator !== undefined && wanted !== undefined) {
    const isRight = COMPARISONS[operator]!;
    return (text) => isRight(comparable(field, text) ?? Number.NaN, wanted);
  }
  if (/^[1-5]xx$/.test(value)) return (text) => /^\d{3}$/.test(text) && text[0] === value[0];
  if (/^-?\d+(?:\.\d+)?$/.test(value) && !isIdField(field)) {
    return (text) => (isNumber(text) ? Number(text) === Number(value) : includes(text, value));
  }
  return (text) => includes(text, value);
}

const COMPARISONS: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  '>=': (value, wanted) => value >= wanted,
  '<=': (value, wanted) => value <= wanted,
  '>': (value, wanted) => value > wanted,
  '<': (value, wanted) => value < wanted,
  '=': (value, wanted) => value === wanted,
};

/** A number; for a level its severity. */
function comparable(field: string, text: string): number | undefined {
  if (field === 'level') return severityOf(text) ?? LEVEL_NAMES.indexOf('info');
  const [, digits, unit = 'ms'] = /^(-?\d+(?:\.\d+)?)(ms|s|m|min)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNITS[unit]!;
}

function isNumber(text: string): boolean {
  return /^-?\d+(?:\.\d+)?$/.test(text);
}

/** A part of an id may be a number. */
function isIdField(field: string): boolean {
  return ['request', 'session', 'trace', 'span'].includes(field);
}

function includes(text: string, value: string): boolean {
  return text.toLowerCase().includes(value);
}
