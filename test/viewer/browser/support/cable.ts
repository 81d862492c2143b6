// Its `afterEach` comes first: a page that is open complains when its cable is removed.
import './visitor.js';
import { afterEach } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const cables: Cable[] = [];

afterEach(() => {
  for (const cable of cables.splice(0)) cable.remove();
});

/** A way to a server that can be cut, while the server stays as it is. */
export class Cable {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {}

  static async to({ port }: { readonly port: number }): Promise<Cable> {
    const cable: Cable = new Cable(
      createServer((socket) => cable.join(socket)),
      port,
    );
    cables.push(cable);
    await new Promise<void>((resolve) => cable.server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  remove(): void {
    this.cut();
    this.server.close();
  }

  private join(socket: Socket): void {
    if (this.isCut) {
      socket.destroy();
      return;
    }
    const server = connect(this.target, '127.0.0.1');
    for (const [from, to] of [
      [socket, server],
      [server, socket],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.once('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
