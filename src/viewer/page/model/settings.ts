/** What a user chooses for all pages of this origin. */
export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly timeZone: 'local' | 'UTC';
  /** The part of the board that the detail takes, in percent: beside the log, and below it. */
  readonly detailBeside: number;
  readonly detailBelow: number;
}

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  timeZone: 'local',
  detailBeside: 38,
  detailBelow: 64,
};
export const LEAST_PERCENT = 20;
export const MOST_PERCENT = 80;
declare const localStorage: {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};
const KEY = 'nestjs-tracing.viewer';

let current = DEFAULT_SETTINGS;
const listeners = new Set<() => void>();

export function settings(): Settings {
  return current;
}

export function changeSettings(change: Partial<Settings>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Storage is full or forbidden: they are forgotten with the page.
  }
  for (const listener of listeners) listener();
}

/** What was chosen before. */
export function loadSettings(): void {
  try {
    current = readSettings(localStorage.getItem(KEY));
  } catch {
    // Storage is forbidden, as for a file in some browsers.
  }
}

/** The listener is called after each change. */
export function onSettings(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Settings that were stored, as far as they are any: other code of this origin writes there too. */
export function readSettings(text: string | null): Settings {
  let stored: Partial<Record<keyof Settings, unknown>>;
  try {
    stored = Object(JSON.parse(text ?? '{}')) as typeof stored;
  } catch {
    return DEFAULT_SETTINGS;
  }
  const { theme, timeZone } = stored;
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    timeZone: timeZone === 'UTC' ? timeZone : 'local',
    detailBeside: percentOf(stored.detailBeside) ?? DEFAULT_SETTINGS.detailBeside,
    detailBelow: percentOf(stored.detailBelow) ?? DEFAULT_SETTINGS.detailBelow,
  };
}

/** A size that leaves room for the other side; `undefined` for anything but a number. */
export function percentOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
  return Math.max(LEAST_PERCENT, Math.min(MOST_PERCENT, Math.round(value * 10) / 10));
}
