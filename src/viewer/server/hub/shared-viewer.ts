import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import type { LevelRuleControl } from '../../../options/level-rule-options.js';
import type { RecordStore } from '../record-store.js';
import type { RecordStream } from '../record-stream.js';
import { whenListening, type ViewerLink } from '../viewer-link.js';
import type { ResolvedViewerOptions } from '../viewer-options.js';
import type { ViewerServer } from '../viewer-server.js';
import { HubNotice } from './hub-notice.js';
import { ProcessHub } from './process-hub.js';

/** What the viewer of one application consists of. */
export interface ViewerParts {
  readonly instance: string;
  readonly service: string;
  readonly store: RecordStore;
  readonly stream: RecordStream;
  readonly rules: LevelRuleControl | undefined;
  readonly options: ResolvedViewerOptions;
  readonly link: ViewerLink | undefined;
}

/** The part that one application has in the shared trace viewer. */
export class SharedViewer {
  readonly hub: ProcessHub;
  private server: ViewerServer | undefined;
  private listener: Server | undefined;
  private readonly notice: HubNotice;

  constructor(private readonly parts: ViewerParts) {
    const { stream, link, options, service } = parts;
    const printLink = (): void => {
      if (this.listener !== undefined) link?.printFor(this.listener);
    };
    this.notice = new HubNotice(service, printLink);
    this.hub = new ProcessHub({
      ...parts,
      group: groupOf(options),
      temporary: tmpdir(),
      answer: (request, response) => void this.server?.answerPassedOn(request, response),
      endStreams: () => stream.disconnect(),
      onOwner: (facts, isOwn) => this.notice.setOwner(facts, isOwn),
      onAlone: printLink,
    });
  }

  /**
   * @param server answers the requests that other processes pass on.
   * @param listener the server of the application.
   */
  start(server: ViewerServer, listener: Server): void {
    this.server = server;
    this.listener = listener;
    this.hub.start();
    whenListening(listener, (origin) => {
      const url = `${origin}${this.parts.options.path}`;
      this.hub.setUrl(url);
      this.notice.setUrl(url);
    });
  }

  /** Ends what is open: the shutdown does not wait for it. */
  endPages(): void {
    this.hub.endPages();
  }

  close(): void {
    this.hub.close();
  }
}

/**
 * Processes of one group see the records of each other. The token is the same for all of a user, so
 * all that are opened by it meet. Where each application decides by itself who may look, only those
 * of the same folder do: processes of one application, which decide alike.
 */
function groupOf({ authorize }: ResolvedViewerOptions): string {
  return authorize === undefined ? 'token' : `authorize ${process.cwd()}`;
}
