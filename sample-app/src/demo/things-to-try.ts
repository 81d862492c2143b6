/** A command for each endpoint. The log appears in the terminal of the demo. */
export function thingsToTry(url: string): string {
  return `\
# a payment; the answer names its ids (-i)
curl -i --json '{"user":"Alice","amount":42}' ${url}/api/payment

# the same without an amount: 400, and its finish line is a warning
curl --json '{"user":"Alice"}' ${url}/api/payment

# Bob's session, and a request id of your own
curl -H 'X-Session-ID: def67890' -H 'X-Request-ID: my-request' ${url}/api/profile

# no ids at all: they are made
curl ${url}/api/status

# an error, and the steps that led to it
curl ${url}/api/messages

# ten tasks at once, one request id
curl -X POST '${url}/api/parallel-tasks?count=10'

# a stream of events; the session is a digest of the token
curl -N -H 'Authorization: Bearer my-secret-token' ${url}/api/events
`;
}
