import { channel } from 'node:diagnostics_channel';
import type { Runtime, Session } from 'node:inspector';

/** Who has written a class: the application, a package that it has installed, or Node and its language. */
export type ClassOrigin = 'application' | 'package' | 'platform';

/** Node's modules are the same objects in every realm, so the inspector finds a list here. */
const SHARED = 'nestjs-tracing:classes';
const LIST = `process.getBuiltinModule('node:diagnostics_channel').channel('${SHARED}').classes`;
const PACKAGE_FILE = /[\\/]node_modules[\\/]/;

/**
 * Finds out who has written each class, from the file that its source is in, which the inspector
 * knows. A bundled application is one file, so all classes in it count as the application's. Where
 * Node has no inspector or denies it, everything does that is not native.
 */
export function originsOf(classes: ReadonlySet<Function>): ReadonlyMap<Function, ClassOrigin> {
  const list = [...classes];
  const files = filesOf(list);
  return new Map(list.map((made, index) => [made, originOf(made, files?.[index])]));
}

function originOf(made: Function, file: string | undefined): ClassOrigin {
  if (isNative(made) || file?.startsWith('node:')) return 'platform';
  return file !== undefined && PACKAGE_FILE.test(file) ? 'package' : 'application';
}

function isNative(made: Function): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(made));
}

/** The files of functions, in their order. `undefined` without an inspector. */
function filesOf(functions: readonly Function[]): (string | undefined)[] | undefined {
  const shared: object & { classes?: readonly Function[] } = channel(SHARED);
  let session: Session | undefined;
  try {
    // Node may have been built without it, and then an import would end the process.
    session = new (process.getBuiltinModule('node:inspector').Session)();
    session.connect();
    const files = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.post('Debugger.enable');
    shared.classes = functions;
    const items = propertiesOf(session, idOfList(session)).result;
    return fileOfEach(session, items.slice(0, functions.length), files);
  } catch {
    // Node was built without an inspector, or its permissions deny it.
    return undefined;
  } finally {
    delete shared.classes;
    session?.disconnect();
  }
}

function fileOfEach(
  session: Session,
  items: readonly Runtime.PropertyDescriptor[],
  files: ReadonlyMap<string, string>,
): (string | undefined)[] {
  return items.map(({ value }) => {
    const { internalProperties } = propertiesOf(session, value?.objectId);
    const location = internalProperties?.find(({ name }) => name === '[[FunctionLocation]]');
    const { scriptId } = (location?.value?.value ?? {}) as { scriptId?: string };
    return scriptId === undefined ? undefined : files.get(scriptId);
  });
}

/** A session of the own thread answers at once. */
function idOfList(session: Session): string | undefined {
  let id: string | undefined;
  session.post('Runtime.evaluate', { expression: LIST }, (error, answer) => {
    id = error === null ? answer.result.objectId : undefined;
  });
  return id;
}

function propertiesOf(
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
