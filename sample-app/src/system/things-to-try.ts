import type { System } from './system.js';

/** A command for each entry point. The log of all processes appears in this terminal. */
export function thingsToTry({ gateway, feed, mcp }: System['urls']): string {
  return `\
# a payment; the answer names its ids (-i)
curl -i --json '{"user":"Alice","amount":42}' ${gateway}/api/payment

# the same without an amount: 400, and its access log line is a warning
curl --json '{"user":"Alice"}' ${gateway}/api/payment

# Bob's session, and a request id of your own
curl -H 'X-Session-ID: def67890' -H 'X-Request-ID: my-request' ${gateway}/api/profile

# no ids at all: they are made
curl ${gateway}/api/status

# an error, and the steps that led to it
curl ${gateway}/api/messages

# ten tasks at once, one request id
curl -X POST '${gateway}/api/parallel-tasks?count=10'

# a stream of events; the session is a digest of the token
curl -N -H 'Authorization: Bearer my-secret-token' ${gateway}/api/events

# a payment by an assistant, through the MCP server
curl -H 'Accept: application/json, text/event-stream' --json '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"user":"Bob","amount":7}}}' ${mcp}

# the feed over a WebSocket: the latest payments, then each new one
node -e "const feed = new (require('ws'))('${feed}'); feed.on('open', () => feed.send('{\\"event\\":\\"latest\\"}')); feed.on('message', (message) => console.log(String(message)))"
`;
}
