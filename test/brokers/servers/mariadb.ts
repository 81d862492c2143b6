import type { Broker } from './brokers.js';

const PROTOCOL_VERSION = 10;
const PROTOCOL_VERSION_AT = 4;

// The server refuses to run as root, and its data has to belong to its user. It is initialized once:
// a server that is started again finds what it has kept.
const SCRIPT = `
set -e
as_server=
if [ "$(id -u)" = 0 ]; then
  chown mysql .
  as_server='runuser -u mysql --'
fi
data="$PWD/data"
if [ ! -d data ]; then
  $as_server mariadb-install-db --no-defaults --datadir="$data" \\
    --auth-root-authentication-method=normal --skip-test-db
fi
PATH="$PATH:/usr/sbin" exec $as_server mariadbd --no-defaults --datadir="$data" \\
  --socket="$data/mariadb.sock" --pid-file="$data/mariadb.pid" "$@"
`;

/** A database, which the runner finds and starts as it does brokers. Its user `root` has no password. */
export const MARIADB: Broker = {
  name: 'mariadb',
  variable: 'MARIADB_URL',
  scheme: 'mysql',
  defaultPort: 3306,
  otherPorts: 0,
  debianPackage: 'mariadb-server',
  programs: ({ port }) => [
    {
      file: ['sh'],
      args: ['-c', SCRIPT, 'mariadb', '--bind-address=127.0.0.1', `--port=${port}`],
    },
  ],
  greeting: '',
  isAnswer: (answer) => answer[PROTOCOL_VERSION_AT] === PROTOCOL_VERSION,
};
