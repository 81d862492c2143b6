import { escapeText } from '../../../records/control-characters.js';
import { cut } from '../text-limits.js';
import type { HubOwnerFacts } from './hub-messages.js';

const MAX_TEXT = 256;

/**
 * Prints where the shared page is, on standard error: the owner its link, the others that they are
 * shown on it. The workers of a cluster, which have the same URL, print one link together.
 */
export class HubNotice {
  private ownUrl: string | undefined;
  private printedUrl: string | undefined;
  private owner: { readonly facts: HubOwnerFacts; readonly isOwn: boolean } | undefined;

  /** @param printLink prints the link with the token, where a token opens the page. */
  constructor(
    private readonly service: string,
    private readonly printLink: () => void,
  ) {}

  /** The page of this process. */
  setUrl(url: string): void {
    this.ownUrl = url;
    this.print();
  }

  /** @param isOwn whether this process is the owner. */
  setOwner(facts: HubOwnerFacts, isOwn: boolean): void {
    this.owner = { facts, isOwn };
    this.print();
  }

  private print(): void {
    const { ownUrl, owner, printedUrl, service } = this;
    const url = owner?.facts.url;
    if (owner === undefined || ownUrl === undefined || url === undefined) return;
    if (url === printedUrl) return;
    this.printedUrl = url;
    if (owner.isOwn && printedUrl === undefined) return this.printLink();
    if (!owner.isOwn && url === ownUrl) return;
    const what = owner.isOwn
      ? 'the shared trace viewer is now at'
      : `${shown(service)} is in the shared trace viewer of ${shown(owner.facts.service)}, at`;
    process.stderr.write(`nestjs-tracing: ${what} ${shown(url)}\n`);
  }
}

function shown(text: unknown): string {
  return cut(escapeText(String(text)), MAX_TEXT);
}
