import { describe, expect, it } from '@jest/globals';
import { Injectable, Logger } from '@nestjs/common';
import { CommandHandler, CqrsModule, EventBus, ofType, Saga, type IEvent } from '@nestjs/cqrs';
import {
  asapScheduler,
  auditTime,
  bufferCount,
  bufferTime,
  concatMap,
  debounceTime,
  delay,
  exhaustMap,
  finalize,
  from,
  groupBy,
  map,
  merge,
  mergeMap,
  observeOn,
  of,
  share,
  switchMap,
  tap,
  throttleTime,
  timer,
  type Observable,
} from 'rxjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';

const REQUESTS = 200;

class Paid {
  constructor(readonly id: string) {}
}
class Ship {
  constructor(readonly id: string) {}
}

const logger = new Logger('saga');
const note =
  (message: string) =>
  (event: Paid | Ship): void =>
    logger.log({ message, id: event.id });
const ship = ({ id }: Paid): Ship => new Ship(id);
const shipLater = async (event: Paid): Promise<Ship> => {
  note('projected')(event);
  await sleep(Number(event.id) % 5);
  note('awaited')(event);
  return ship(event);
};
const shipInTime = (event: Paid): Observable<Ship> => {
  note('projected')(event);
  return timer(Number(event.id) % 3).pipe(
    tap(() => note('inner')(event)),
    map(() => ship(event)),
  );
};
const shipByTimer = (event: Paid): Observable<Ship> =>
  shipInTime(event).pipe(finalize(() => note('finalized')(event)));

type ShippingSaga = (events: Observable<Paid>) => Observable<Ship>;

@CommandHandler(Ship)
class ShipHandler {
  async execute({ id }: Ship) {
    for (const step of ['begin', 'end']) {
      logger.log({ message: 'shipped', id, step });
      if (step !== 'end') await sleep((Number(id) * 7) % 11);
    }
  }
}

async function appWith(saga: ShippingSaga): Promise<TracedApp> {
  @Injectable()
  class ShippingSagas {
    @Saga()
    shipping = (events: Observable<IEvent>): Observable<Ship> => saga(events.pipe(ofType(Paid)));
  }
  return tracedApp('express')
    .of({
      imports: [CqrsModule.forRoot()],
      providers: [ShipHandler, ShippingSagas],
    })
    .start();
}

/** Pays in interleaved traces, and returns which request is whose. */
async function payAll({ app }: TracedApp, count = REQUESTS): Promise<Map<string, string>> {
  const trace = app.get(TraceContext);
  const bus = app.get(EventBus);
  const owners = new Map<string, string>();
  const pay = async (id: number): Promise<void> => {
    owners.set(String(id), trace.requestId!);
    await sleep((id * 5) % 7);
    bus.publish(new Paid(String(id)));
  };
  await Promise.all(
    Array.from({ length: count }, async (_, id) => {
      await sleep((id * 3) % 29);
      await trace.run({ name: 'pay' }, () => pay(id));
    }),
  );
  expect(new Set(owners.values()).size).toBe(count);
  return owners;
}

/** Waits until no more lines come. */
async function settled({ sink }: TracedApp, commands: number): Promise<Line[]> {
  const ended = (): number => sink.linesOf('shipped').filter(({ step }) => step === 'end').length;
  await eventually(() => ended() >= commands, `${commands} commands`);
  await sleep(60);
  expect(ended()).toBe(sink.linesOf('shipped').length / 2);
  return sink.lines.filter((line) => 'id' in line);
}

const WITH_ALL: Readonly<Record<string, ShippingSaga>> = {
  map: (paid) => paid.pipe(tap(note('seen')), map(ship)),
  delay: (paid) => paid.pipe(delay(7), tap(note('seen')), map(ship), delay(3), tap(note('again'))),
  'observeOn(asapScheduler)': (paid) =>
    paid.pipe(observeOn(asapScheduler), tap(note('seen')), map(ship), observeOn(asapScheduler)),
  'mergeMap of promises': (paid) => paid.pipe(mergeMap(shipLater), tap(note('again'))),
  'mergeMap of observables': (paid) => paid.pipe(mergeMap(shipByTimer), tap(note('again'))),
  'concatMap of values': (paid) => paid.pipe(concatMap((event) => of(ship(event)))),
  'bufferTime, taken apart': (paid) =>
    paid.pipe(
      bufferTime(10, null, 7),
      mergeMap((batch) => from(batch)),
      tap(note('seen')),
      map(ship),
    ),
  'bufferCount, taken apart': (paid) =>
    paid.pipe(
      bufferCount(10),
      concatMap((batch) => from(batch)),
      tap(note('seen')),
      map(ship),
    ),
  'share and merge': (paid) => {
    const shared = paid.pipe(share());
    const isEven = ({ id }: Paid): boolean => Number(id) % 2 === 0;
    return merge(
      shared.pipe(
        delay(3),
        mergeMap((event) => (isEven(event) ? of(ship(event)) : of())),
      ),
      shared.pipe(mergeMap((event) => (isEven(event) ? of() : shipLater(event)))),
    );
  },
  groupBy: (paid) =>
    paid.pipe(
      groupBy(({ id }) => Number(id) % 3),
      mergeMap((group) => group.pipe(delay(4), map(ship))),
    ),
};

const WITH_SOME: Readonly<Record<string, ShippingSaga>> = {
  debounceTime: (paid) => paid.pipe(debounceTime(3), tap(note('seen')), map(ship)),
  auditTime: (paid) => paid.pipe(auditTime(3), tap(note('seen')), map(ship)),
  'throttleTime, trailing': (paid) =>
    paid.pipe(
      throttleTime(3, undefined, { leading: false, trailing: true }),
      tap(note('seen')),
      map(ship),
    ),
  switchMap: (paid) => paid.pipe(switchMap(shipInTime), tap(note('again'))),
  exhaustMap: (paid) => paid.pipe(exhaustMap(shipByTimer), tap(note('again'))),
};

/** Where an event waits for another one, rxjs goes on with it in the context of that one. */
const WITH_NONE_THAT_WAITS: Readonly<Record<string, ShippingSaga>> = {
  'concatMap of observables': (paid) => paid.pipe(concatMap(shipByTimer), tap(note('again'))),
  'concatMap of promises': (paid) => paid.pipe(concatMap(shipLater), tap(note('again'))),
  'mergeMap, three at a time': (paid) => paid.pipe(mergeMap(shipByTimer, 3), tap(note('again'))),
};

const flawsOf = (lines: readonly Line[], owners: ReadonlyMap<string, string>): string[] =>
  lines
    .filter((line) => line.request_id !== owners.get(String(line['id'])))
    .map((line) => `${line.message} of ${String(line['id'])}: ${line.request_id}`);

describe('the command of a saga runs in the context of the event that led to it', () => {
  it.each(Object.entries(WITH_ALL))('with %s', async (_, saga) => {
    const app = await appWith(saga);
    const owners = await payAll(app);
    const lines = await settled(app, REQUESTS);
    expect(lines.filter(({ step }) => step === 'end')).toHaveLength(REQUESTS);
    expect(flawsOf(lines, owners)).toEqual([]);
  });

  it.each(Object.entries(WITH_SOME))('with %s, which drops some', async (_, saga) => {
    const app = await appWith(saga);
    const owners = await payAll(app);
    const lines = await settled(app, 1);
    expect(flawsOf(lines, owners)).toEqual([]);
  });
});

describe('the command of a saga in which no event waits for another', () => {
  it.each(Object.entries(WITH_NONE_THAT_WAITS))('has its context with %s', async (_, saga) => {
    const app = await appWith(saga);
    const trace = app.app.get(TraceContext);
    const owners = new Map<string, string>();
    for (let id = 0; id < 10; id++) {
      trace.run({ name: 'pay' }, () => {
        owners.set(String(id), trace.requestId!);
        app.app.get(EventBus).publish(new Paid(String(id)));
      });
      const lines = await settled(app, id + 1);
      expect(lines.filter(({ step }) => step === 'end')).toHaveLength(id + 1);
    }
    expect(new Set(owners.values()).size).toBe(10);
    expect(
      flawsOf(
        app.sink.lines.filter((line) => 'id' in line),
        owners,
      ),
    ).toEqual([]);
  });
});

describe('one event object that several requests publish', () => {
  it('leads to a command in the context of each', async () => {
    const CONSTANT = new Paid('7');
    const app = await appWith((paid) => paid.pipe(delay(5), map(ship)));
    const trace = app.app.get(TraceContext);
    const publish = (): string => {
      app.app.get(EventBus).publish(CONSTANT);
      return trace.requestId!;
    };
    const owners = [1, 2, 3].map(() => trace.run(undefined, publish));
    const lines = await settled(app, 3);
    const ended = lines.filter(({ step }) => step === 'end');
    expect(ended.map((line) => line.request_id).toSorted()).toEqual(owners.toSorted());
  });
});

describe('the command of a saga that gathers events', () => {
  const ofBatch: ShippingSaga = (paid) =>
    paid.pipe(
      bufferCount(2),
      mergeMap((batch) => batch.map(ship)),
    );

  it('of several requests runs in none of them', async () => {
    const app = await appWith(ofBatch);
    const owners = await payAll(app);
    const lines = await settled(app, REQUESTS);
    expect(owners.size).toBe(REQUESTS);
    expect(new Set(lines.map((line) => line.trace_id))).toEqual(new Set(['-']));
  });
});

describe('an event outside of any context', () => {
  const commandsOf = (name: string): number => (name in WITH_ALL ? 80 : 1);

  it.each(Object.entries({ ...WITH_ALL, ...WITH_SOME }))(
    'has no context in a saga with %s',
    async (name, saga) => {
      const app = await appWith(saga);
      const bus = app.app.get(EventBus);
      const inFlight = payAll(app, 40);
      for (let id = 1000; id < 1040; id++) {
        bus.publish(new Paid(String(id)));
        await sleep(1);
      }
      const owners = await inFlight;
      for (let id = 1000; id < 1040; id++) owners.set(String(id), '-');
      const lines = await settled(app, commandsOf(name));
      expect(flawsOf(lines, owners)).toEqual([]);
    },
  );
});

describe('a saga that fails', () => {
  it('is logged by NestJS under its name, in the context of the event', async () => {
    const app = await appWith((paid) =>
      paid.pipe(
        delay(2),
        map(() => {
          throw new Error('no truck');
        }),
      ),
    );
    const owners = await payAll(app, 1);
    const errors = (): Line[] => app.sink.lines.filter(({ level }) => level === 'error');
    await eventually(() => errors().length === 1, 'the error');
    expect(errors()[0]).toMatchObject({
      message: 'Saga "shipping" has thrown an unhandled exception.',
      request_id: owners.get('0'),
    });
  });
});
