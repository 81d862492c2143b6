import type { Type } from '@nestjs/common';

/** What a request does: ten pieces in three layers, as controller, services and repositories. */
export type UnitOfWork = () => unknown;

export type SpanFunction = <T>(name: string, fn: () => T) => T;

const SERVICES = 3;
const QUERIES = 2;
let done = 0;

const asItIs: MethodDecorator = () => {};

export function work(span: SpanFunction): UnitOfWork {
  const query = () => ++done;
  const service = () => {
    for (let i = 0; i < QUERIES; i++) span('repository', query);
  };
  const controller = () => {
    for (let i = 0; i < SERVICES; i++) span('service', service);
  };
  return () => span('controller', controller);
}

export function asyncWork(span: SpanFunction): UnitOfWork {
  const query = async () => ++done;
  const service = async () => {
    for (let i = 0; i < QUERIES; i++) await span('repository', query);
  };
  const controller = async () => {
    for (let i = 0; i < SERVICES; i++) await span('service', service);
  };
  return () => span('controller', controller);
}

/** Makes a new class each time: what decorates one must not decorate another. */
export function workClass(decorate = asItIs): Type<{ controller: UnitOfWork }> {
  class Layers {
    @decorate
    controller(): unknown {
      for (let i = 0; i < SERVICES; i++) this.service();
      return undefined;
    }

    @decorate
    service(): void {
      for (let i = 0; i < QUERIES; i++) this.query();
    }

    @decorate
    query(): number {
      return ++done;
    }
  }
  return Layers;
}

export function asyncWorkClass(decorate = asItIs): Type<{ controller: UnitOfWork }> {
  class Layers {
    @decorate
    async controller(): Promise<void> {
      for (let i = 0; i < SERVICES; i++) await this.service();
    }

    @decorate
    async service(): Promise<void> {
      for (let i = 0; i < QUERIES; i++) await this.query();
    }

    @decorate
    async query(): Promise<number> {
      return ++done;
    }
  }
  return Layers;
}
