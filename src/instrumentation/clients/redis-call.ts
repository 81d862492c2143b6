import type { SpanAttributes } from '../../records/span-record.js';
import type { ClientCall, ClientCallStart } from '../../spans/client-call.js';

/** Where a client is connected to, as far as it says so. */
export interface RedisConnection {
  /** The index of the database. */
  readonly database?: unknown;
  /** A host, or the path of a socket. */
  readonly address?: unknown;
  readonly port?: unknown;
}

/** The commands of Redis and Valkey. Those of modules have a dot in their names, as in `JSON.GET`. */
const COMMANDS: ReadonlySet<string> = new Set(
  (
    'ACL APPEND ASKING AUTH BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE ' +
    'BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN CLIENT CLUSTER COMMAND CONFIG COPY ' +
    'DBSIZE DEBUG DECR DECRBY DEL DISCARD DUMP ECHO EVAL EVALSHA EVALSHA_RO EVAL_RO EXEC EXISTS ' +
    'EXPIRE EXPIREAT EXPIRETIME FAILOVER FCALL FCALL_RO FLUSHALL FLUSHDB FUNCTION GEOADD GEODIST ' +
    'GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH ' +
    'GEOSEARCHSTORE GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HELLO HEXISTS HEXPIRE HEXPIREAT ' +
    'HEXPIRETIME HGET HGETALL HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HPERSIST ' +
    'HPEXPIRE HPEXPIREAT HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX HSETNX HSTRLEN HTTL HVALS ' +
    'INCR INCRBY INCRBYFLOAT INFO KEYS LASTSAVE LATENCY LCS LINDEX LINSERT LLEN LMOVE LMPOP LOLWUT ' +
    'LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM MEMORY MGET MIGRATE MODULE MONITOR MOVE MSET ' +
    'MSETNX MULTI OBJECT PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PFCOUNT PFDEBUG PFMERGE ' +
    'PFSELFTEST PING PSETEX PSUBSCRIBE PSYNC PTTL PUBLISH PUBSUB PUNSUBSCRIBE QUIT RANDOMKEY ' +
    'READONLY READWRITE RENAME RENAMENX REPLCONF REPLICAOF RESET RESTORE ROLE RPOP RPOPLPUSH RPUSH ' +
    'RPUSHX SADD SAVE SCAN SCARD SCRIPT SDIFF SDIFFSTORE SELECT SENTINEL SET SETBIT SETEX SETNX ' +
    'SETRANGE SHUTDOWN SINTER SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SLOWLOG SMEMBERS SMISMEMBER ' +
    'SMOVE SORT SORT_RO SPOP SPUBLISH SRANDMEMBER SREM SSCAN SSUBSCRIBE STRLEN SUBSCRIBE SUBSTR ' +
    'SUNION SUNIONSTORE SUNSUBSCRIBE SWAPDB SYNC TIME TOUCH TTL TYPE UNLINK UNSUBSCRIBE UNWATCH ' +
    'VADD VCARD VDIM VEMB VGETATTR VINFO VLINKS VRANDMEMBER VREM VSETATTR VSIM WAIT WAITAOF WATCH ' +
    'XACK XADD XAUTOCLAIM XCLAIM XDEL XGROUP XINFO XLEN XPENDING XRANGE XREAD XREADGROUP XREVRANGE ' +
    'XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE ' +
    'ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ' +
    'ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ' +
    'ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION ZUNIONSTORE'
  ).split(' '),
);

/** `FT.SEARCH`, `JSON.GET`, `GRAPH.QUERY`: what modules add. */
const OF_MODULE = /^[A-Z_]{1,16}\.[A-Z_]{1,24}$/;
const WORD = /^[A-Z_]{2,24}$/;
/** A command that is not known may be anything that a caller sent, so only so many get their names. */
const MAX_OTHERS = 200;
const others = new Set<string>();

/** The names that commands were given so far, by what the clients call them. */
const names = new Map<string, string | undefined>();
const MAX_NAMES = 1_000;
const MAX_NAME_LENGTH = 48;

/** The name of a command, without anything that was given to it; `undefined` if it is not known. */
function commandName(given: unknown): string | undefined {
  if (typeof given !== 'string' || given.length > MAX_NAME_LENGTH) return undefined;
  if (names.has(given)) return names.get(given);
  const name = nameOf(given.toUpperCase());
  if (names.size < MAX_NAMES) names.set(given, name);
  return name;
}

function nameOf(word: string): string | undefined {
  if (COMMANDS.has(word) || others.has(word)) return word;
  if (!OF_MODULE.test(word) && !WORD.test(word)) return undefined;
  if (others.size >= MAX_OTHERS) return undefined;
  others.add(word);
  return word;
}

/**
 * The name and the attributes of a command: the command alone, never a key or a value.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/redis/
 */
export function commandCall(command: unknown, connection: RedisConnection): ClientCallStart {
  const operation = commandName(command);
  return { name: operation ?? 'redis', attributes: attributesOf(operation, connection) };
}

/** The same for commands that are sent together. It is one call: the client waits once. */
export function batchCall(
  operation: 'MULTI' | 'PIPELINE',
  size: number,
  connection: RedisConnection,
): ClientCallStart {
  const attributes = attributesOf(operation, connection);
  attributes['db.operation.batch.size'] = size;
  return { name: operation, attributes };
}

function attributesOf(
  operation: string | undefined,
  { database, address, port }: RedisConnection,
): Record<string, string | number> {
  const attributes: Record<string, string | number> = { 'db.system.name': 'redis' };
  if (operation !== undefined) attributes['db.operation.name'] = operation;
  if (Number.isInteger(database)) attributes['db.namespace'] = String(database);
  if (typeof address === 'string' && address !== '') attributes['server.address'] = address;
  if (typeof port === 'number') attributes['server.port'] = port;
  return attributes;
}

/** Adds the server to a call that was made to a cluster, once it is known which one answers. */
export function noteServer({ span }: ClientCall, { address, port }: RedisConnection): void {
  if (span === undefined || span.attributes?.['server.address'] !== undefined) return;
  const server: Record<string, string | number> = {};
  if (typeof address === 'string') server['server.address'] = address;
  if (typeof port === 'number') server['server.port'] = port;
  addAttributes(span, server);
}

/** The classes of errors that a server sent, in ioredis and in node-redis. */
const OF_SERVER = new Set(['ReplyError', 'ErrorReply', 'SimpleError', 'BlobError']);
const CODE = /^[A-Z][A-Z_]{1,31}(?=\s|$)/;
/** The codes with which Redis begins its errors. The text behind others is of a script or a module. */
const CODES: ReadonlySet<string> = new Set(
  (
    'ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED ERR EXECABORT INPROG IOERR LOADING ' +
    'MASTERDOWN MISCONF MOVED NOAUTH NOGOODSLAVE NOGROUP NOMASTERLINK NOPERM NOPROTO NOREPLICAS ' +
    'NOSCRIPT NOTBUSY OOM READONLY TRYAGAIN UNBLOCKED UNKILLABLE WRONGPASS WRONGTYPE'
  ).split(' '),
);
/** What a script says may be anything, a key or a value of it. */
const OF_SCRIPT = /\bscript\b|user_function/;
/** Redis repeats between quotes what it was sent: `unknown command 'FOO', with args beginning with: 'a'`. */
const QUOTED = /(['"`]).*\1/gs;

/**
 * Ends a call with the error that the server or the client gave. A script that the server does not
 * have is no failure: clients answer that by sending it.
 */
export function failCall(call: ClientCall, error: unknown): void {
  if (!(error instanceof Error) || !OF_SERVER.has(error.constructor.name)) {
    call.fail(error);
    return;
  }
  const code = CODE.exec(error.message)?.[0];
  if (code !== undefined && call.span !== undefined) {
    addAttributes(call.span, { 'db.response.status_code': code });
  }
  if (code === 'NOSCRIPT') call.end();
  else call.fail(withoutValues(error, code));
}

/** The error itself where its message holds nothing that was sent, else one that says less. */
function withoutValues(error: Error, code: string | undefined): Error {
  const { message } = error;
  const isKnown = code !== undefined && CODES.has(code) && !OF_SCRIPT.test(message);
  const masked = isKnown ? message.replace(QUOTED, '?').trim() : (code ?? 'an error of a script');
  if (masked === message) return error;
  const shown = new Error(masked);
  shown.name = error.constructor.name;
  shown.stack = `${shown.name}: ${masked}`;
  return shown;
}

/** The first error among the answers to a batch, which does not fail as a whole. */
export function firstError(answers: unknown): Error | undefined {
  if (!Array.isArray(answers)) return undefined;
  for (const answer of answers as unknown[]) {
    if (answer instanceof Error) return answer;
    // A pipeline of ioredis has pairs of an error and a value.
    if (Array.isArray(answer) && answer.length <= 2 && answer[0] instanceof Error) return answer[0];
  }
  return undefined;
}

function addAttributes(
  span: { attributes: SpanAttributes | undefined },
  more: Readonly<Record<string, string | number>>,
): void {
  span.attributes = { ...span.attributes, ...more };
}
