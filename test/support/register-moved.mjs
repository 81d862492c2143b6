import { register } from 'node:module';

const { unresolvable } = JSON.parse(process.env.MOVED_INTERNAL ?? '{}');
if (unresolvable !== undefined) {
  register('./moved-hooks.mjs', import.meta.url, { data: { unresolvable } });
}
