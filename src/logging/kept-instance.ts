import { inspect } from 'node:util';
import { nameOf } from '../records/error-fields.js';

/** A copy of an instance that says itself what it is, with `toJSON()`, when it is written. */
export class KeptInstance {
  readonly #copy: object;
  readonly #original: object | undefined;

  /** @param original `undefined` where the copy is only a part of it. */
  constructor(copy: object, original: object | undefined) {
    this.#copy = copy;
    this.#original = original;
  }

  toJSON(): unknown {
    return this.ask((instance) => (instance as { toJSON(): unknown }).toJSON());
  }

  toString(): string {
    return this.ask(String);
  }

  [inspect.custom](): unknown {
    return this.#copy;
  }

  /** Private fields have not been copied: what needs them is asked of the original. */
  private ask<T>(question: (instance: object) => T): T | string {
    try {
      return question(this.#copy);
    } catch {
      // It has private fields, or lacks what was cut.
    }
    const original = this.#original;
    return original === undefined ? `[${nameOf(this.#copy)}]` : question(original);
  }
}
