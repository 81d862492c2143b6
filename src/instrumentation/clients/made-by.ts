import { EventEmitter } from 'node:events';

// Not in the types of Node: what the constructor of EventEmitter calls. `node:domain` replaces it too.
const emitters = EventEmitter as unknown as {
  init: (this: EventEmitter, options?: object) => void;
};

/**
 * The event emitters that are made while a function runs. This is the way to a class that a package
 * keeps to itself, as one does that is bundled into one file.
 *
 * @param make must not wait for anything.
 */
export function emittersMadeBy(make: () => void): readonly EventEmitter[] {
  const made: EventEmitter[] = [];
  const { init } = emitters;
  emitters.init = function (options) {
    made.push(this);
    init.call(this, options);
  };
  try {
    make();
  } finally {
    emitters.init = init;
  }
  return made;
}
