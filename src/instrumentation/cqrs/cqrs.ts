import type { Observable, Subject } from 'rxjs';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { isRemembered, rememberOrigin, runAtOrigin } from './event-origins.js';
import { prototypesOf } from '../provided-class.js';
import { SagaStream } from './saga-stream.js';

interface EventBus {
  readonly subject$: Subject<unknown> & { [TRACED]?: true };
  readonly publisher: unknown;
  publish(event: unknown, ...rest: unknown[]): unknown;
  publishAll(events: unknown, ...rest: unknown[]): unknown;
  /** Subscribes the handlers, before the sagas. */
  register(handlers: unknown): void;
  registerSaga(saga: Saga): void;
}

type Saga = (events: Observable<unknown>) => unknown;

const TRACED: unique symbol = Symbol.for('nestjs-tracing.v1.cqrs');

/**
 * Readies `@nestjs/cqrs` to keep the context of whoever publishes an event. Commands and queries
 * keep theirs by themselves, as do events that are handled at once; those that a publisher or a
 * saga holds back do not.
 */
export function prepareCqrs({ modules }: TracedApplication): void {
  for (const bus of prototypesOf<EventBus>(modules, 'CqrsModule', 'EventBus')) keepOrigins(bus);
}

function keepOrigins(bus: EventBus): void {
  if (TRACED in bus) return;
  Object.defineProperty(bus, TRACED, { value: true });
  const { publish, publishAll, register, registerSaga } = bus;
  bus.publish = function (event, ...rest) {
    rememberIfHeld(this, event);
    return publish.call(this, event, ...rest);
  };
  bus.publishAll = function (events, ...rest) {
    if (Array.isArray(events)) for (const event of events) rememberIfHeld(this, event);
    return publishAll.call(this, events, ...rest);
  };
  bus.register = function (handlers) {
    deliverAtOrigin(this.subject$);
    register.call(this, handlers);
  };
  bus.registerSaga = function (saga) {
    registerSaga.call(this, typeof saga === 'function' ? onSagaStream(saga) : saga);
  };
}

/**
 * The default publisher delivers events at once, and what it need not remember must not outlive
 * its request. But an event that is published again is no longer that of the first one alone.
 */
function rememberIfHeld({ publisher }: EventBus, event: unknown): void {
  const { constructor } = Object(publisher) as { constructor?: Function };
  if (constructor?.name !== 'DefaultPubSub' || isRemembered(event)) rememberOrigin(event);
}

function deliverAtOrigin(subject: EventBus['subject$']): void {
  if (subject[TRACED]) return;
  Object.defineProperty(subject, TRACED, { value: true });
  const { next } = subject;
  subject.next = (event) => runAtOrigin(event, () => next.call(subject, event));
}

/** The name is the one that NestJS logs. */
function onSagaStream(saga: Saga): Saga {
  const onStream: Saga = (events) => saga(new SagaStream(events));
  return Object.defineProperty(onStream, 'name', { value: saga.name });
}
