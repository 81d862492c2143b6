import { afterEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { proveAsMember, type Purpose } from '../../src/viewer/server/hub/handshake.js';
import { hubPlace, type HubPlace } from '../../src/viewer/server/hub/hub-place.js';
import { eventually } from '../support/line-sink.js';
import { HubProcess, temporaryFolder } from '../viewer/server/hub/hub-process.js';

// What another program of the same user may send to the socket of the shared trace viewer.

const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

interface Attacked {
  readonly owner: HubProcess;
  readonly member: HubProcess;
  readonly place: HubPlace;
}

async function attacked(): Promise<Attacked> {
  const folder = temporaryFolder();
  const owner = await HubProcess.start(folder, 'one');
  const member = await HubProcess.start(folder, 'two');
  return { owner, member, place: hubPlace('token', folder) };
}

/** A connection that reads all that it gets, and whatever ends it. */
function connectTo({ address }: HubPlace): Socket {
  const socket = connect(address).on('error', () => {});
  sockets.add(socket.resume());
  return socket;
}

async function proven(place: HubPlace, purpose: Purpose): Promise<Socket> {
  const socket = connectTo(place);
  await proveAsMember(socket, place.key, { purpose, instance: 'a'.repeat(12) });
  return socket.resume();
}

/** Who answers and who is what, once the owner has so many lines of the member. */
async function works({ owner, member }: Attacked, lines: number): Promise<unknown> {
  member.log();
  await owner.has(`two ${lines}`);
  const answer = await fetch(`http://127.0.0.1:${member.port}/_traces/x`);
  return { by: answer.headers.get('x-answered-by'), roles: [owner.role, member.role] };
}

const WORKING = { by: 'one', roles: ['owner', 'member'] };

const HELLO = `nestjs-tracing ${'0'.repeat(32)}\n`;
const wrongProof = createHmac('sha256', 'another key').update('member').digest('hex');

const STRANGERS: readonly (readonly [string, string | Buffer])[] = [
  ['another key', `${HELLO}${wrongProof} records ${'a'.repeat(12)}\n`],
  [
    'another key, for requests',
    `${HELLO}${wrongProof} request ${'a'.repeat(12)}\nGET / HTTP/1.1\r\n\r\n`,
  ],
  ['no proof, but records', `${HELLO}1 line {"type":"line","message":"forged"}\n`],
  ['HTTP', 'GET /stream HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a line without end', Buffer.alloc(4 * 1024 * 1024, 'x')],
  ['zeros', Buffer.alloc(1000)],
  ['an empty line', '\n\n\n'],
];

/** Lines of a process that has the key, none of which is a record. */
const NO_RECORDS: readonly (readonly [string, string])[] = [
  ['no JSON', '1 line {"type":"line"'],
  ['two records', '1 line {"type":"line"},{"type":"line"}'],
  ['another type', '1 line {"type":"request"}'],
  ['a type of Object.prototype', '1 constructor {"type":"constructor"}'],
  ['a list', '1 line [{"type":"line"}]'],
  ['no number', 'x line {"type":"line"}'],
  ['a negative number', '-1 line {"type":"line"}'],
  ['a number without end', `${'9'.repeat(400)} line {"type":"line"}`],
  ['counts below zero', 'drops -1 -1 -1'],
  ['counts that are none', 'drops NaN Infinity 1e9'],
  ['what an owner sends', '{"ended":"x","rule":{"id":"r","level":"debug","target":{"route":"/"}}}'],
  ['nothing', ''],
];

describe('the socket of the shared trace viewer', () => {
  it('with strangers', async () => {
    const all = await attacked();
    for (const [what, sent] of STRANGERS) {
      const socket = connectTo(all.place);
      socket.write(sent);
      await eventually(() => socket.closed, `the end of ${what}`);
    }
    expect(all.owner.messages).toEqual([]);
    expect(await works(all, 1)).toEqual(WORKING);
  });

  it('with lines that are no records, and one that is', async () => {
    const all = await attacked();
    const socket = await proven(all.place, 'records');
    for (const [, line] of NO_RECORDS) socket.write(`${line}\n`);
    socket.write('1 line {"type":"line","message":"whole"}\n');
    await all.owner.has('whole');
    expect(all.owner.messages).toEqual(['whole']);
    expect(all.owner.store.dropped).toEqual({ requests: 0, lines: 0, spans: 0 });
    expect(all.owner.levels.targets).toEqual([]);
    expect(await works(all, 1)).toEqual(WORKING);
  });

  it('with a line of 8 MiB', async () => {
    const all = await attacked();
    const socket = await proven(all.place, 'records');
    socket.write(`1 line {"type":"line","message":"${'x'.repeat(8 * 1024 * 1024)}`);
    await eventually(() => socket.closed, 'the end of the connection');
    expect(await works(all, 1)).toEqual(WORKING);
  });

  it('with 1,000 connections that send nothing, and 200 that stop half-way', async () => {
    const all = await attacked();
    for (let n = 0; n < 1000; n++) connectTo(all.place);
    for (let n = 0; n < 200; n++) connectTo(all.place).write(HELLO.slice(0, 20));
    expect(await works(all, 1)).toEqual(WORKING);
    await eventually(() => [...sockets].every(({ closed }) => closed), 'the end of all');
    expect(await works(all, 2)).toEqual(WORKING);
  });

  it('with more members than it takes, and more requests', async () => {
    const all = await attacked();
    const members: Socket[] = [];
    for (let n = 0; n < 70; n++) members.push(await proven(all.place, 'records'));
    await eventually(() => members.filter(({ closed }) => closed).length >= 7, 'the end of those');
    for (const socket of members) socket.destroy();
    const requests: Socket[] = [];
    for (let n = 0; n < 300; n++) requests.push(await proven(all.place, 'request'));
    await eventually(
      () => requests.filter(({ closed }) => closed).length >= 44,
      'the end of those',
    );
    for (const socket of requests) socket.destroy();
    await eventually(() => [...sockets].every(({ closed }) => closed), 'the end of all');
    expect(await works(all, 1)).toEqual(WORKING);
  });

  it('with bodies that are too large, and more requests than are passed on', async () => {
    const all = await attacked();
    const url = `http://127.0.0.1:${all.member.port}/_traces`;
    const large = await fetch(`${url}/x`, { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) });
    expect(large.status).toBe(413);
    const end = new AbortController();
    const open = Array.from({ length: 64 }, () =>
      fetch(`${url}/never`, { method: 'POST', body: 'x', signal: end.signal }).catch(
        () => undefined,
      ),
    );
    let status = 200;
    for (let tries = 0; status !== 503 && tries < 200; tries++) {
      ({ status } = await fetch(`${url}/x`));
    }
    expect(status).toBe(503);
    end.abort();
    await Promise.all(open);
    for (let tries = 0; status === 503 && tries < 200; tries++) {
      ({ status } = await fetch(`${url}/x`));
    }
    expect(await works(all, 1)).toEqual(WORKING);
  });
});
