import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { timeText } from '../text/display-text.js';
import { visibleText } from '../text/visible-text.js';

const FOR_MS = 600_000;
const DEBUG = 'Debug this session for 10 minutes';

/** What is used of the rules of the server. */
interface Rule {
  readonly id: string;
  readonly target: { readonly sessionId?: string };
  readonly expiresAt: number;
}

interface Levels {
  readonly levels: readonly string[];
  readonly rules: readonly Rule[];
}

/** A button that writes the debug lines of a session for ten minutes, where the application can. */
export function DebugSession({ sessionId }: { readonly sessionId: string }): JSX.Element | null {
  const [levels, setLevels] = useState<Levels | undefined>();
  const [error, setError] = useState('');
  const rule = levels?.rules.find(({ target }) => target.sessionId === sessionId);

  const refresh = async (): Promise<void> => {
    const response = await fetch('./levels');
    // Without rules to set there is no button.
    setLevels(response.ok ? ((await response.json()) as Levels) : undefined);
  };
  const change = async (path: string, init: RequestInit): Promise<void> => {
    setError('');
    try {
      const response = await fetch(`./levels${path}`, init);
      // It may have ended by itself a moment ago.
      if (!response.ok && response.status !== 404) {
        setError(((await response.json()) as { error: string }).error);
      }
      await refresh();
    } catch (cause) {
      setError(String(cause));
    }
  };
  useEffect(() => {
    refresh().catch(() => setLevels(undefined));
  }, [sessionId]);
  useEffect(() => {
    if (rule === undefined) return undefined;
    const timer = setTimeout(() => void change('', {}), rule.expiresAt - Date.now() + 100);
    return () => clearTimeout(timer);
  }, [rule?.id]);

  if (levels === undefined) return null;
  const level = levels.levels.includes('debug') ? 'debug' : levels.levels.at(-1);
  const start = (): Promise<void> =>
    change('', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ target: { sessionId }, level, forMs: FOR_MS }),
    });
  return (
    <span class="debug-session">
      {rule === undefined ? (
        <button
          type="button"
          class="button"
          aria-label={DEBUG}
          title={`${DEBUG}: its debug lines are written`}
          onClick={() => void start()}
        >
          Debug this session
        </button>
      ) : (
        <button
          type="button"
          class="button"
          onClick={() => void change(`/${encodeURIComponent(rule.id)}`, { method: 'DELETE' })}
        >
          End debugging
        </button>
      )}
      <span role="status">
        {rule !== undefined &&
          `Debug lines are written until ${timeText(rule.expiresAt).slice(0, 8)}.`}
        {error !== '' && visibleText(error)}
      </span>
    </span>
  );
}
