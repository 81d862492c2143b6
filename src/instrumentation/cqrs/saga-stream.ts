import { Observable, takeWhile, type Operator } from 'rxjs';
import { isRemembered, rememberOrigin, runAtOrigin } from './event-origins.js';
import { SagaOperator } from './saga-operator.js';

/**
 * The events of a saga. Operators that hold a value back, such as `debounceTime` and `bufferTime`,
 * let it go in the context of another one, or of none. Here each value goes on where it comes from,
 * behind every operator; what is made of it on the way, such as a command, comes from there too.
 */
export class SagaStream<T> extends Observable<T> {
  constructor(events: Observable<T>) {
    super((subscriber) =>
      events.pipe(takeWhile(() => !subscriber.closed)).subscribe({
        next: (value) =>
          runAtOrigin(value, () => {
            if (!isRemembered(value)) rememberOrigin(value);
            subscriber.next(value);
          }),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
  }

  /** What `pipe` calls for each operator. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    return new SagaStream(super.lift(operator && new SagaOperator(operator)));
  }
}
