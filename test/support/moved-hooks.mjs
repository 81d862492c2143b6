// Lets modules inside a package be missing, as if a later version had moved them.

let pattern;

export function initialize({ unresolvable }) {
  pattern = new RegExp(unresolvable);
}

export async function resolve(specifier, context, next) {
  const isOurs = context.parentURL !== undefined && !context.parentURL.includes('node_modules');
  if (isOurs && pattern.test(specifier)) {
    throw Object.assign(new Error(`Cannot find module '${specifier}'`), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
  }
  return next(specifier, context);
}
