import type { Observable, Subject } from 'rxjs';
import type { TracedApplication } from '../../context/traced-application.js';
import { definePatch } from '../patch.js';
import { hasMethods, prototypesOf } from '../provided-class.js';
import { isRemembered, rememberOrigin, runAtOrigin } from './event-origins.js';
import { pipeAtOrigin, type Operator } from './pipe-at-origin.js';

/** The parts of `EventBus` that are used here. All of them are public. */
interface EventBus extends Observable<unknown> {
  readonly subject$: Subject<unknown>;
  readonly publisher: unknown;
  publish(event: unknown, ...rest: unknown[]): unknown;
  publishAll(events: unknown, ...rest: unknown[]): unknown;
  /** Subscribes the handlers, before the sagas. */
  register(handlers: unknown): void;
}

const PACKAGE = '@nestjs/cqrs';
const WITHOUT = 'events that a publisher or a saga holds back lose their context';

const PUBLISH = definePatch({
  package: PACKAGE,
  target: 'EventBus.prototype.publish',
  gives: 'the context of the publisher, for events that are delivered later',
  without: WITHOUT,
  why: 'there is no hook where an event is published',
});
const REGISTER = definePatch({
  package: PACKAGE,
  target: 'EventBus.prototype.register',
  gives: "handlers in the publisher's context, whenever an event is delivered",
  without: WITHOUT,
  why: 'there is no hook where an event is delivered',
});
const SUBJECT = definePatch({
  package: PACKAGE,
  target: 'EventBus.subject$.next',
  gives: "handlers in the publisher's context, whenever an event is delivered",
  without: WITHOUT,
  why: 'there is no hook where an event is delivered',
});
const PIPE = definePatch({
  package: PACKAGE,
  target: 'EventBus.prototype.pipe',
  gives: 'the context of an event behind operators that hold it back, as in a saga',
  without: WITHOUT,
  why: 'rxjs runs what follows such an operator wherever its timer was set',
});

/**
 * Prepares `@nestjs/cqrs` to keep the context in which an event was published. Commands and queries
 * keep theirs by themselves, as do events that are handled at once; those that a publisher or a
 * saga holds back do not.
 */
export function prepareCqrs({ modules }: TracedApplication): void {
  for (const bus of prototypesOf<EventBus>(modules, isCqrsModule, 'EventBus')) {
    if (hasMethods(bus, 'publish', 'publishAll', 'pipe')) keepOrigins(bus);
  }
}

function isCqrsModule({ name }: Function): boolean {
  return name === 'CqrsModule';
}

function keepOrigins(bus: EventBus): void {
  PUBLISH.method(
    bus,
    'publish',
    (publish) =>
      function (this: EventBus, event, ...rest) {
        rememberIfHeld(this, event);
        return publish.call(this, event, ...rest) as unknown;
      },
  );
  PUBLISH.method(
    bus,
    'publishAll',
    (publishAll) =>
      function (this: EventBus, events, ...rest) {
        if (Array.isArray(events)) for (const event of events) rememberIfHeld(this, event);
        return publishAll.call(this, events, ...rest) as unknown;
      },
  );
  REGISTER.method(
    bus,
    'register',
    (register) =>
      function (this: EventBus, handlers) {
        deliverAtOrigin(this);
        register.call(this, handlers);
      },
  );
  PIPE.method(
    bus,
    'pipe',
    (pipe) =>
      function (this: EventBus, ...operators: Operator[]) {
        return pipeAtOrigin(this, operators) ?? (pipe.apply(this, operators) as unknown);
      } as EventBus['pipe'],
  );
}

/**
 * The default publisher delivers events at once, and what it need not remember must not outlive
 * its request. But an event that is published again no longer belongs to the first request alone.
 */
function rememberIfHeld({ publisher }: EventBus, event: unknown): void {
  const { constructor } = Object(publisher) as { constructor?: Function };
  if (constructor?.name !== 'DefaultPubSub' || isRemembered(event)) rememberOrigin(event);
}

function deliverAtOrigin(bus: EventBus): void {
  const subject = SUBJECT.read('`subject$`', () => bus.subject$);
  if (subject === undefined) return;
  SUBJECT.methodOfInstance(
    subject,
    'next',
    (next) =>
      function (this: Subject<unknown>, event) {
        runAtOrigin(event, () => next.call(this, event) as unknown);
      },
  );
}
