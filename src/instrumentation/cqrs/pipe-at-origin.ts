import { Observable, takeWhile, type OperatorFunction } from 'rxjs';
import { isRemembered, rememberOrigin, runAtOrigin } from './event-origins.js';

export type Operator = OperatorFunction<unknown, unknown>;

/**
 * Does what `pipe` does, and brings each value back to where it comes from behind every operator.
 * Operators that hold a value back, such as `debounceTime` and `bufferTime`, let it go in the
 * context of another one, or of none. What is made of a value on the way, such as a command, comes
 * from where it is made.
 *
 * @returns `undefined` for an observable of another copy of rxjs, where this would not be one.
 */
export function pipeAtOrigin(
  source: Observable<unknown>,
  operators: readonly Operator[],
): Observable<unknown> | undefined {
  if (!(source instanceof Observable)) return undefined;
  return operators.reduce(
    (values, operator) => new ValuesAtOrigin(operator(values)),
    source as Observable<unknown>,
  );
}

class ValuesAtOrigin extends Observable<unknown> {
  constructor(values: Observable<unknown>) {
    super((subscriber) => {
      // A source that emits in a loop has to see that its subscriber has gone.
      const wanted = takeWhile<unknown>(() => !subscriber.closed)(values);
      return wanted.subscribe({
        next: (value) =>
          runAtOrigin(value, () => {
            if (!isRemembered(value)) rememberOrigin(value);
            subscriber.next(value);
          }),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
    // A property, as the overloads of `pipe` cannot be overridden by a method of this type.
    this.pipe = ((...operators: Operator[]) =>
      pipeAtOrigin(this, operators)) as Observable<unknown>['pipe'];
  }
}
