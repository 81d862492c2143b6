interface NamedHandler {
  readonly controller: Function;
  readonly name: string;
}

/** By handler. The same one may belong to several controllers: that of the last request is kept. */
const named = new WeakMap<Function, NamedHandler>();

/** The name of a handler, as in `PaymentController.pay`. It is joined once, and not for each request. */
export function handlerName(controller: Function, handler: Function): string {
  const known = named.get(handler);
  if (known?.controller === controller) return known.name;
  const name = `${controller.name}.${handler.name}`;
  named.set(handler, { controller, name });
  return name;
}
