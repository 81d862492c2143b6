import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

// Enough of the protocol of SQL Server for tedious to log in and send statements.
// https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/

const HEADER_BYTES = 8;
const LOGIN7 = 0x10;
const PRELOGIN = 0x12;
const ATTENTION = 0x06;
const RESPONSE = 0x04;
const IS_LAST = 0x01;
const ANSWER_MS = 2;

// Its version, that it cannot encrypt, and the end of the list.
const PRELOGIN_ANSWER = Buffer.from('00000b00060100110001ff10000000000002', 'hex');
// The interface of SQL, version 7.4 of the protocol, no name, and no version of the server.
const LOGIN_ACK = Buffer.from('ad0a0001740000040000000000', 'hex');
const DONE = Buffer.from('fd000000000000000000000000', 'hex');
const DONE_WITH_ERROR = Buffer.from('fd020000000000000000000000', 'hex');
const DONE_AFTER_ATTENTION = Buffer.from('fd200000000000000000000000', 'hex');

/** Answers each statement; one that has `broken` in it, with an error. */
export async function startTdsServer(): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    let message = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk as Buffer]);
      while (received.length >= HEADER_BYTES && received.length >= received.readUInt16BE(2)) {
        const length = received.readUInt16BE(2);
        const [type, status] = received;
        message = Buffer.concat([message, received.subarray(HEADER_BYTES, length)]);
        received = received.subarray(length);
        if ((status! & IS_LAST) === 0) continue;
        const answer = packet(answerTo(type!, message));
        message = Buffer.alloc(0);
        setTimeout(() => socket.write(answer), ANSWER_MS);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function answerTo(type: number, message: Buffer): Buffer {
  if (type === PRELOGIN) return PRELOGIN_ANSWER;
  if (type === LOGIN7) return Buffer.concat([LOGIN_ACK, DONE]);
  if (type === ATTENTION) return DONE_AFTER_ATTENTION;
  if (message.includes(Buffer.from('broken', 'utf16le'))) {
    return Buffer.concat([error(208, "Invalid object name 'broken'."), DONE_WITH_ERROR]);
  }
  return DONE;
}

function error(number: number, text: string): Buffer {
  const body = Buffer.alloc(4 + 1 + 1 + 2 + text.length * 2 + 1 + 1 + 4);
  body.writeUInt32LE(number, 0);
  body.writeUInt8(1, 4);
  body.writeUInt8(16, 5);
  body.writeUInt16LE(text.length, 6);
  body.write(text, 8, 'utf16le');
  const head = Buffer.from([0xaa, 0, 0]);
  head.writeUInt16LE(body.length, 1);
  return Buffer.concat([head, body]);
}

function packet(payload: Buffer): Buffer {
  const header = Buffer.from([RESPONSE, IS_LAST, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(HEADER_BYTES + payload.length, 2);
  return Buffer.concat([header, payload]);
}
