import type { UnitOfWorkFields } from './access-log-record.js';
import { withoutCredentials } from './credentials-in-text.js';

/** A client decides how long these are; a log line has to stay readable. */
const MAX_LENGTH = 128;
/** The form of a method. */
const METHOD = /^[A-Za-z][\w$./-]{0,127}$/;
/** @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports */
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]{1,1024}={0,2})\?=$/;
/** Neither parameters nor what may be a credential is logged of the URI of a resource. */
const URI_PART = /^[^?#]*/;

/** What a message of MCP says of itself on the access log line. */
export type McpFields = Pick<
  UnitOfWorkFields,
  'mcp_method' | 'mcp_tool' | 'mcp_prompt' | 'mcp_resource'
>;

/**
 * The fields of a message.
 *
 * @param target what it is about: the name of a tool or prompt, the URI of a resource.
 */
export function mcpFields(method: string, target: string | undefined): McpFields {
  const fields = { mcp_method: method.slice(0, MAX_LENGTH) };
  if (target === undefined) return fields;
  if (method === 'tools/call') return { ...fields, mcp_tool: target.slice(0, MAX_LENGTH) };
  if (method === 'prompts/get') return { ...fields, mcp_prompt: target.slice(0, MAX_LENGTH) };
  if (method !== 'resources/read') return fields;
  const [uri = ''] = URI_PART.exec(target.slice(0, 4 * MAX_LENGTH)) ?? [];
  return { ...fields, mcp_resource: withoutCredentials(uri).slice(0, MAX_LENGTH) };
}

/**
 * The fields that the headers `Mcp-Method` and `Mcp-Name` say of a message; `undefined` for those of
 * another form. They count where the message itself is not seen.
 */
export function mcpFieldsOfHeaders(method: unknown, name: unknown): McpFields | undefined {
  if (typeof method !== 'string' || !METHOD.test(method)) return undefined;
  return mcpFields(method, typeof name === 'string' ? decoded(name) : undefined);
}

function decoded(name: string): string | undefined {
  const [, base64] = ENCODED.exec(name) ?? [];
  const text = base64 === undefined ? name : Buffer.from(base64, 'base64').toString('utf8');
  return text !== '' && text.length <= 4 * MAX_LENGTH && !/\p{C}/u.test(text) ? text : undefined;
}
