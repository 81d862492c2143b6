import type { TracedApplication } from '../../context/traced-application.js';
import { releaseLogs } from '../../logging/output/stdout-for-protocol.js';
import { checkVersion } from '../../records/supported-version.js';
import { Connection } from './connection.js';
import { receiveTraced, traceHandler } from './incoming.js';
import type { McpProtocol, McpTransport, NotificationHandler, ReceiveMessage } from './message.js';
import { sendTraced } from './outgoing.js';
import { isNodeLoading, onLoaded } from '../loaded-modules.js';
import {
  classesOf,
  isInstalled,
  loadedClasses,
  protocolOf,
  requiredFiles,
  SDKS,
  type Sdk,
  type SdkClasses,
} from './sdk.js';
import { reserveStdout } from './stdio.js';

/** How long after the start of an application a server may still be connected to stdio. */
const CONNECT_MS = 1000;

/** The callbacks that this module has set on transports. */
const tracedCallbacks = new WeakSet<object>();
/** The classes of servers and clients that are traced, by the package that they come from. */
const protocols = new Map<object, Sdk>();

/** Whether a class for stdio is loaded: whether logs may have to go to standard error. */
let hasStdio = false;
/** The SDKs whose version has been looked at. */
const checkedSdks = new Set<Sdk>();
const UNSUPPORTED = 'messages of MCP may not be traced';

/**
 * Prepares the official SDK, and `@rekog/mcp-nest`, which is built on it: a context for each message
 * that comes in, and the trace in those that are sent. Most servers are made for one request and are in no
 * container, so this begins at the method that all of them are connected with. Only what the
 * application has loaded is prepared, and what it loads from then on.
 */
export async function prepareMcp(): Promise<void> {
  const files = requiredFiles();
  for (const sdk of SDKS) traceClasses(sdk, await classesOf(sdk, files));
  onLoaded(traceLoaded);
  if (!hasStdio && !SDKS.some(isInstalled)) releaseLogs();
}

function traceLoaded(): void {
  const files = requiredFiles();
  for (const sdk of SDKS) traceClasses(sdk, loadedClasses(sdk, files));
}

function traceClasses(sdk: Sdk, classes: SdkClasses): void {
  for (const protocol of classes.protocols) traceProtocol(sdk, protocol);
  for (const transport of classes.stdioTransports) {
    hasStdio = true;
    sdk.stdio?.method(
      transport,
      'start',
      (start) =>
        function (this: typeof transport, ...args) {
          reserveStdout(this);
          return start.apply(this, args);
        },
    );
  }
}

/**
 * Finds the servers and clients of the container that are connected already, by a provider that was
 * made before this module was ready. A server that is connected to stdio by hand often is so when
 * the application has started.
 */
export function attachMcp({ modules }: TracedApplication): void {
  // On Node 20, no event shows what a provider has imported meanwhile.
  if (isNodeLoading()) traceLoaded();
  for (const { providers } of modules.values()) {
    for (const { instance } of providers.values()) {
      traceIfConnected(instance);
      // `McpServer` keeps the server that it is made of here.
      traceIfConnected(Object.getOwnPropertyDescriptor(Object(instance), 'server')?.value);
    }
  }
  releaseLogs(CONNECT_MS);
}

function traceProtocol(sdk: Sdk, prototype: McpProtocol): void {
  protocols.set(prototype, sdk);
  sdk.connect.method(
    prototype,
    'connect',
    (connect) =>
      function (this: McpProtocol, transport, ...rest) {
        if (Object(transport) === transport) traceTransport(sdk, this, transport);
        return connect.call(this, transport, ...rest) as Promise<void>;
      },
  );
  sdk.handlers.method(
    prototype,
    'setNotificationHandler',
    (setHandler) =>
      function (this: McpProtocol, ...args) {
        const [handler] = args.slice(-1);
        if (typeof handler !== 'function') return setHandler.apply(this, args) as void;
        const traced = traceHandler(handler as NotificationHandler);
        return setHandler.apply(this, [...args.slice(0, -1), traced]) as void;
      },
  );
}

function traceIfConnected(instance: unknown): void {
  if (typeof instance !== 'object' || instance === null) return;
  const base = protocolOf(instance);
  if (base !== undefined && !protocols.has(base)) traceProtocol(SDKS[0]!, base);
  for (const [prototype, sdk] of protocols) {
    if (!Object.prototype.isPrototypeOf.call(prototype, instance)) continue;
    const protocol = instance as McpProtocol;
    const { transport } = protocol;
    if (transport !== undefined) listen(traceTransport(sdk, protocol, transport));
  }
}

/** Warns, when it is first used, where the SDK has a version that is not supported. */
function checkSdk(sdk: Sdk): void {
  if (checkedSdks.has(sdk)) return;
  checkedSdks.add(sdk);
  const { range, connect } = sdk;
  checkVersion({ package: connect.description.package, range, without: UNSUPPORTED });
}

/** Traces what is sent over a connection, and from its start on what comes in over it. */
function traceTransport(sdk: Sdk, protocol: McpProtocol, transport: McpTransport): Connection {
  checkSdk(sdk);
  const connection = Connection.of(transport, protocol);
  sdk.transport.methodOfInstance(
    transport,
    'send',
    (send) =>
      function (this: McpTransport, message, options) {
        return sendTraced(
          connection,
          message,
          options,
          (sent) => send.call(this, sent, options) as Promise<void>,
        );
      },
  );
  sdk.transport.methodOfInstance(
    transport,
    'start',
    (start) =>
      function (this: McpTransport) {
        listen(connection);
        return start.call(this) as Promise<void>;
      },
  );
  return connection;
}

/** Traces what comes in over a connection. Its callbacks are set by now. */
function listen(connection: Connection): void {
  const { transport } = connection;
  const { onmessage, onclose } = transport;
  if (onmessage === undefined || tracedCallbacks.has(onmessage)) return;
  const traced: ReceiveMessage = (message, extra) => {
    const deliver = (): void => onmessage.call(transport, message, extra);
    if (typeof message === 'object' && message !== null) {
      receiveTraced(connection, message, extra, deliver);
    } else deliver();
  };
  tracedCallbacks.add(traced);
  Object.assign(transport, {
    onmessage: traced,
    onclose: () => {
      onclose?.call(transport);
      connection.sent.failAll();
      connection.received.abandonAll();
    },
  });
}
