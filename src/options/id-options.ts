import { isValidId } from '../trace/ids.js';
import { guardCallback } from './guard-callback.js';
import type { IdOptions, IdSource } from './tracing-options.js';

/** How one kind of id is read and returned, resolved at startup. */
export interface ResolvedIdOptions {
  /** `undefined` for the default sources. */
  readonly sources: readonly IdSource[] | undefined;
  readonly validate: (value: string) => boolean;
  /** The response header, or `undefined` for none. */
  readonly header: string | undefined;
}

/** Resolves how one kind of id is read and returned. */
export function resolveIdOptions(
  name: string,
  options: Omit<IdOptions, 'generate'> | undefined,
  header: string | undefined,
): ResolvedIdOptions {
  const validate = options?.validate && guardCallback(`${name}.validate`, options.validate);
  return Object.freeze({
    sources: options?.sources?.map((source) =>
      typeof source === 'string' ? source : guardCallback(`${name}.sources`, source),
    ),
    validate: validate === undefined ? isValidId : (value: string) => validate(value) === true,
    header: options?.header === false ? undefined : (options?.header ?? header),
  });
}

/** Generates no session id. */
export const noSession = (): undefined => undefined;

/** The user's generator; where it fails there is still an id. */
export function generatorOf(
  name: string,
  generator: (() => string) | undefined,
  fallback: () => string,
): () => string {
  if (generator === undefined) return fallback;
  const generate = guardCallback(`${name}.generate`, generator);
  return () => {
    const id: unknown = generate();
    return typeof id === 'string' && id !== '' ? id : fallback();
  };
}
