import { useEffect, useMemo, useReducer, useRef } from 'preact/hooks';

const REST_MS = 400;

/**
 * What is computed of the records that there are: at once when `question` is another one, and a few
 * times a second as records arrive.
 *
 * @param version another one when the records have changed.
 */
export function useSampled<T>(compute: () => T, version: unknown, question: unknown): T {
  const [turn, next] = useReducer((times: number) => times + 1, 0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const seen = useRef<unknown>(undefined);
  useEffect(() => {
    if (timer.current !== undefined || seen.current === version) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      next(undefined);
    }, REST_MS);
  }, [version]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useMemo(() => {
    seen.current = version;
    return compute();
  }, [turn, question]);
}
