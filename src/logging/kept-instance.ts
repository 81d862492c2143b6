import { inspect } from 'node:util';

/** A copy of an instance that says itself what it is, with `toJSON()`, when it is written. */
export class KeptInstance {
  readonly #copy: object;
  readonly #original: object;
  readonly #isWhole: boolean;

  constructor(copy: object, original: object, isWhole: boolean) {
    this.#copy = copy;
    this.#original = original;
    this.#isWhole = isWhole;
  }

  toJSON(): unknown {
    return this.ask((instance) => (instance as { toJSON(): unknown }).toJSON());
  }

  toString(): string {
    return this.ask(String);
  }

  [inspect.custom](): unknown {
    return this.#isWhole ? this.#copy : this.#original;
  }

  /** Private fields have not been copied: what needs them is asked of the original. */
  private ask<T>(question: (instance: object) => T): T {
    if (this.#isWhole) {
      try {
        return question(this.#copy);
      } catch {
        // It has private fields.
      }
    }
    return question(this.#original);
  }
}
