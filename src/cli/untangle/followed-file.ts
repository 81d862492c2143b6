import { type FileHandle, open, stat } from 'node:fs/promises';

const CHUNK_BYTES = 2 ** 18;

/**
 * A file that is written while it is read. Reading continues when another file takes its name, as in
 * log rotation, and when it is emptied.
 */
export class FollowedFile {
  private handle: FileHandle | undefined;
  private position = 0;
  private readonly buffer = Buffer.allocUnsafe(CHUNK_BYTES);

  constructor(
    readonly path: string,
    /** Called before the beginning of a file is read again. */
    private readonly onBeginning: () => void,
  ) {}

  /** @throws {Error} where there is no such file: later, its name may be free for a while. */
  async open(): Promise<void> {
    this.handle = await open(this.path);
  }

  /** Reads what was written since the last call. The bytes are overwritten by the next read. */
  async *read(): AsyncGenerator<Buffer> {
    this.handle ??= await openIfThere(this.path);
    if (this.handle === undefined) return;
    yield* this.readHandle(this.handle);
    if (!(await this.isReplaced(this.handle))) return;
    // More may have been written before the file was renamed.
    yield* this.readHandle(this.handle);
    await this.close();
    this.onBeginning();
    yield* this.read();
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
    this.position = 0;
  }

  private async *readHandle(handle: FileHandle): AsyncGenerator<Buffer> {
    const { size } = await handle.stat();
    if (size < this.position) {
      this.position = 0;
      this.onBeginning();
    }
    for (;;) {
      const { bytesRead } = await handle.read(this.buffer, 0, CHUNK_BYTES, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      yield this.buffer.subarray(0, bytesRead);
    }
  }

  /** Whether another file has the name now. While none has it, the old one may still be written. */
  private async isReplaced(handle: FileHandle): Promise<boolean> {
    const now = await stat(this.path).catch(ignoreMissing);
    if (now === undefined) return false;
    const { ino, dev } = await handle.stat();
    return now.ino !== ino || now.dev !== dev;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path).catch(ignoreMissing);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
