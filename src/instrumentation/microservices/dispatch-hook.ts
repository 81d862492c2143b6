import { definePatch } from '../patch.js';

/** A packet of NestJS, with its place for what travels beside the data. */
export interface Packet {
  metadata?: unknown;
}

type DispatchHook = (this: unknown, packet: Packet) => unknown;

/** A client of NestJS 12. */
export interface HookedClient {
  /** The slot. Protected there; it exists, empty, from the start. */
  onDispatchHook?: DispatchHook | undefined;
  setOnDispatchHook?(hook: DispatchHook | undefined): void;
}

const DISPATCH_HOOK = definePatch({
  package: '@nestjs/microservices',
  target: 'ClientProxy#setOnDispatchHook',
  gives: 'the trace in the `metadata` of each packet, for transports without headers (NestJS 12)',
  without: 'messages carry no trace over transports without headers',
  why: 'this is the public hook. A client has one slot for it and the last one to set it wins, so what the application or another instrumentation sets, before or after, is chained',
});

/**
 * Calls a function with each packet that a client sends, after the hook that the application has
 * set, so that what that one puts into `metadata` is there already.
 *
 * A hook may call the one that it found in the slot. The function then runs twice for one packet,
 * so it must do no harm the second time.
 *
 * @returns `false` for a client without the hook, such as one of NestJS 11.
 */
export function chainDispatchHook(client: HookedClient, onPacket: DispatchHook): boolean {
  // Without sight of the slot, setting the hook would throw away the application's.
  if (typeof client.setOnDispatchHook !== 'function' || !('onDispatchHook' in client)) return false;
  const isChained = DISPATCH_HOOK.methodOfInstance(
    client as Required<HookedClient>,
    'setOnDispatchHook',
    (set) =>
      function (this: HookedClient, hook) {
        const chained: DispatchHook = function (packet) {
          hook?.call(this, packet);
          onPacket.call(this, packet);
        };
        set.call(this, chained);
      },
  );
  if (isChained) client.setOnDispatchHook(client.onDispatchHook);
  return isChained;
}
