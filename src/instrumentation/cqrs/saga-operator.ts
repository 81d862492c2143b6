import { Observable, Subscriber, type Operator, type TeardownLogic } from 'rxjs';
import { currentStore, type TraceStore } from '../../context/trace-store.js';
import { isRememberable, runInOrigin } from './event-origins.js';

/** What an operator subscribes to for one value, such as what the function of `concatMap` returns. */
type Inner = Subscriber<unknown> & {
  /** Private there: begins with the next value that waits, where values wait for one another. */
  onFinalize?: () => void;
};

/**
 * An operator in a saga. Where values wait for one another, as in `concatMap`, rxjs begins with one
 * when the one before has ended, and so in the context of that. Here each begins in its own.
 */
export class SagaOperator<T, R> implements Operator<T, R> {
  constructor(private readonly operator: Operator<T, R>) {}

  call(subscriber: Subscriber<R>, source: Observable<T>): TeardownLogic {
    const step = new SagaStep();
    const { add, next } = subscriber;
    // Whatever an operator subscribes to, it adds to its subscriber first.
    subscriber.add = (teardown) => {
      if (teardown instanceof Subscriber) step.begin(teardown);
      add.call(subscriber, teardown);
    };
    subscriber.next = (value) => step.emit(value, () => next.call(subscriber, value));
    const values = new Observable<T>((receiver) =>
      source.subscribe({
        next: (value) => step.receive(value, () => receiver.next(value)),
        error: (error) => receiver.error(error),
        complete: () => receiver.complete(),
      }),
    );
    return this.operator.call(subscriber, values);
  }
}

/** What goes in and out of one subscription to an operator. */
class SagaStep {
  /** How many values are on their way in: more than one where a value leads to the next. */
  private depth = 0;
  /** Whether the value that came in last has to begin yet. */
  private isPending = false;
  private last: { readonly value: unknown; readonly origin: TraceStore } | undefined;
  private lastInner: Inner | undefined;
  private readonly waiting: TraceStore[] = [];

  receive(value: unknown, next: () => void): void {
    const origin = here();
    const wasPending = this.isPending;
    this.last = { value, origin };
    this.isPending = true;
    this.depth++;
    next();
    this.depth--;
    // Operators that let no value wait begin at once, or never begin anything.
    if (this.isPending && this.lastInner?.onFinalize !== undefined) this.waiting.push(origin);
    this.isPending = wasPending;
  }

  begin(inner: Inner): void {
    // What comes before all values is the subscription to them.
    if (this.last === undefined) return;
    if (this.isPending) this.isPending = false;
    else this.waiting.shift();
    this.lastInner = inner;
    this.endWhereItBegan(inner, here());
  }

  /** A string or number that was held back has nothing to be known by, but that it came in last. */
  emit(value: unknown, next: () => void): void {
    const isHeldBack = this.depth === 0 && this.lastInner === undefined;
    if (!isHeldBack || isRememberable(value)) return next();
    runInOrigin(this.last?.value === value ? this.last!.origin : {}, next);
  }

  private endWhereItBegan(inner: Inner, origin: TraceStore): void {
    const { unsubscribe } = inner;
    inner.unsubscribe = () => {
      const { onFinalize } = inner;
      if (onFinalize !== undefined && !inner.closed) {
        inner.onFinalize = () => runInOrigin(this.waiting[0] ?? origin, onFinalize);
      }
      runInOrigin(origin, () => unsubscribe.call(inner));
    };
  }
}

function here(): TraceStore {
  return currentStore() ?? {};
}
