import type { TracedApplication } from '../../context/traced-application.js';
import { sharedState } from '../../records/shared-state.js';
import { newestApplication } from '../instrumented-applications.js';
import type { McpProtocol, McpTransport } from './message.js';
import { OpenRequests } from './received-requests.js';
import { SentRequests } from './sent-requests.js';

/** The session of what comes in over a connection that no HTTP request is part of. */
export interface ConnectionSession {
  readonly application: TracedApplication;
  readonly sessionId: string | undefined;
}

const connections = sharedState('mcp-connections', () => new WeakMap<McpTransport, Connection>());

/** A transport, and what is under way on it. */
export class Connection {
  /** What the other end has asked, and what is not answered yet. */
  readonly received = new OpenRequests();
  /** What this end has asked. */
  readonly sent = new SentRequests();
  private known: ConnectionSession | undefined;

  constructor(
    readonly transport: McpTransport,
    /** The server or client that uses it now. */
    public protocol: McpProtocol,
  ) {}

  /** The connection of a transport, which is handed to a server or client. */
  static of(transport: McpTransport, protocol: McpProtocol): Connection {
    let connection = connections.get(transport);
    if (connection === undefined) {
      connections.set(transport, (connection = new Connection(transport, protocol)));
    }
    connection.protocol = protocol;
    return connection;
  }

  /**
   * A connection outside every request is one session of the application that was made last.
   * `undefined` where no application runs.
   */
  get session(): ConnectionSession | undefined {
    const application = newestApplication();
    if (this.known === undefined && application !== undefined) {
      this.known = { application, sessionId: application.policy.newSessionId() };
    }
    return this.known;
  }
}
