import { useEffect, useRef } from 'preact/hooks';

/** By the key that is pressed, as `KeyboardEvent.key` names it. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const TYPED_IN = 'input, select, textarea, dialog[open] *';

/** Keys that work wherever the focus is, except where the user types. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') !== null) return;
      if ((event.target as Element).matches(TYPED_IN) && event.key !== 'Escape') return;
      const { current } = latest;
      const run = Object.hasOwn(current, event.key) ? current[event.key] : undefined;
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}
