import { serve } from './system/serve.js';
import { withSystem } from './system/with-system.js';

await withSystem(serve);
