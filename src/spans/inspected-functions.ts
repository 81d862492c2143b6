import { channel } from 'node:diagnostics_channel';
import type { Runtime, Session } from 'node:inspector';

/** Node's modules are the same objects in every realm, so the inspector finds a list here. */
const SHARED = 'nestjs-tracing:functions';
const LIST = `process.getBuiltinModule('node:diagnostics_channel').channel('${SHARED}').functions`;

/**
 * Looks at functions through Node's inspector, which knows what the language does not tell.
 *
 * @param read gets a session, which answers at once, and each function as the inspector refers to it.
 * @returns what `read` returns; `undefined` where Node has no inspector or denies it.
 */
export function inspectFunctions<T>(
  functions: readonly Function[],
  read: (session: Session, items: readonly Runtime.PropertyDescriptor[]) => T,
): T | undefined {
  const shared: object & { functions?: readonly Function[] } = channel(SHARED);
  let session: Session | undefined;
  try {
    // Node may have been built without it, and then an import would end the process.
    session = new (process.getBuiltinModule('node:inspector').Session)();
    session.connect();
    shared.functions = functions;
    const items = propertiesOf(session, idOfList(session)).result;
    return read(session, items.slice(0, functions.length));
  } catch {
    // Node was built without an inspector, or its permissions deny it.
    return undefined;
  } finally {
    delete shared.functions;
    session?.disconnect();
  }
}

/** A session of the own thread answers at once. */
function idOfList(session: Session): string | undefined {
  let id: string | undefined;
  session.post('Runtime.evaluate', { expression: LIST }, (error, answer) => {
    id = error === null ? answer.result.objectId : undefined;
  });
  return id;
}

/** The properties of an object that the inspector refers to, with those that only it knows. */
export function propertiesOf(
  session: Session,
  objectId: string | undefined,
): Runtime.GetPropertiesReturnType {
  let properties: Runtime.GetPropertiesReturnType = { result: [] };
  if (objectId === undefined) return properties;
  session.post('Runtime.getProperties', { objectId, ownProperties: true }, (error, answer) => {
    if (error === null) properties = answer;
  });
  return properties;
}

/** A property of a function that only the inspector knows, such as `[[Scopes]]`. */
export function internalProperty(
  session: Session,
  item: Runtime.PropertyDescriptor,
  name: string,
): Runtime.RemoteObject | undefined {
  const { internalProperties } = propertiesOf(session, item.value?.objectId);
  return internalProperties?.find((property) => property.name === name)?.value;
}
