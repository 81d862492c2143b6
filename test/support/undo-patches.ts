import { afterAll } from '@jest/globals';
import { undoPatches } from '../../src/instrumentation/patch.js';

// The test files of one worker share Node's own prototypes and modules. An application that one of
// them has not closed, or that did not start, must not trace the requests of the next one.
afterAll(undoPatches);
