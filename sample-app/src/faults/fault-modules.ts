import { CyclicRetryModule } from './cyclic-retry/cyclic-retry.module.js';
import { LostMessageModule } from './lost-message/lost-message.module.js';
import { NPlusOneModule } from './n-plus-one/n-plus-one.module.js';
import { SlowGuardModule } from './slow-guard/slow-guard.module.js';
import { TimeoutModule } from './timeout/timeout.module.js';
import { WrongHeaderModule } from './wrong-header/wrong-header.module.js';

/** Six routes of the gateway, each with a fault to find in its trace. The demo calls none of them. */
export const FAULT_MODULES = [
  TimeoutModule,
  NPlusOneModule,
  WrongHeaderModule,
  LostMessageModule,
  SlowGuardModule,
  CyclicRetryModule,
];
