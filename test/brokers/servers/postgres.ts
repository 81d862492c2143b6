import type { Broker } from './brokers.js';

const PROTOCOL_3 = 0x3_0000;
const AUTHENTICATION = 0x52;

// The server refuses to run as root, and its data has to belong to its user. It is initialized once:
// a server that is started again finds what it has kept.
const SCRIPT = `
set -e
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
as_server=
if [ "$(id -u)" = 0 ]; then
  chown postgres .
  as_server='runuser -u postgres --'
fi
data="$PWD/data"
if [ ! -d data ]; then
  $as_server initdb -D "$data" --auth=trust --username=postgres --no-sync
fi
exec $as_server postgres -D "$data" -c unix_socket_directories= -c fsync=off "$@"
`;

/** A database, which the runner finds and starts as it does brokers. Its user `postgres` has no password. */
export const POSTGRES: Broker = {
  name: 'postgres',
  variable: 'POSTGRES_URL',
  scheme: 'postgres',
  defaultPort: 5432,
  otherPorts: 0,
  debianPackage: 'postgresql',
  programs: ({ port }) => [
    {
      file: ['sh'],
      args: ['-c', SCRIPT, 'postgres', '-c', 'listen_addresses=127.0.0.1', '-p', String(port)],
    },
  ],
  greeting: startupMessage({ user: 'postgres', database: 'postgres' }),
  // One that is still starting answers with an error.
  isAnswer: (answer) => answer[0] === AUTHENTICATION,
};

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html */
function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(parameters).flat().join('\0');
  const body = Buffer.from(`${text}\0\0`, 'latin1');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, body]);
}
