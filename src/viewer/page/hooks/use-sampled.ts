import { useEffect, useMemo, useReducer, useRef } from 'preact/hooks';

const REST_MS = 300;

/**
 * What is computed of the records that there are: at once when `question` is another one, and a few
 * times a second as records arrive.
 *
 * @param changes other values when the records have changed.
 */
export function useSampled<T>(compute: () => T, question: unknown, changes: readonly unknown[]): T {
  const [turn, next] = useReducer((times: number) => times + 1, 0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const seen = useRef<unknown>(undefined);
  const change = useMemo(() => ({}), changes);
  useEffect(() => {
    if (timer.current !== undefined || seen.current === change) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      next(undefined);
    }, REST_MS);
  }, [change]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(() => {
    seen.current = change;
    return compute();
  }, [turn, question]);
}
