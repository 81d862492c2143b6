import { loadOptional } from '../load-optional.js';

/** Asked for when an application starts and once more when it has: an import that fails is slow. */
let isMissing = false;

/** What `@nestjs/microservices` exports; `undefined` where it is not installed. */
export async function loadMicroservices(): Promise<
  typeof import('@nestjs/microservices') | undefined
> {
  if (isMissing) return undefined;
  const loaded = await loadOptional('@nestjs/microservices', () => import('@nestjs/microservices'));
  isMissing = loaded === undefined;
  return loaded;
}
