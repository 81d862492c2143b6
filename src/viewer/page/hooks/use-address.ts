import { useEffect, useMemo, useState } from 'preact/hooks';
import { addressText, readAddress, type Address } from '../model/address.js';

/** Browsers refuse to write an address as often as a user types. */
const WRITE_MS = 200;

/** What the page shows, which is always what its address says, and functions to change that. */
export interface AddressState {
  readonly address: Address;
  /** The browser's back button returns to what was shown before. */
  go(change: Partial<Address>): void;
  /** The back button does not. */
  replace(change: Partial<Address>): void;
}

export function useAddress(): AddressState {
  const [address, setAddress] = useState(() => readAddress(location.hash));
  const bar = useMemo(() => new AddressBar(address, setAddress), []);
  useEffect(() => bar.listen(), [bar]);
  return { address, go: bar.go, replace: bar.replace };
}

class AddressBar {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private address: Address,
    private readonly onChange: (address: Address) => void,
  ) {}

  readonly go = (change: Partial<Address>): void => {
    this.flush();
    this.show({ ...this.address, ...change });
    const text = addressText(this.address);
    if (text !== location.hash) location.hash = text;
  };

  readonly replace = (change: Partial<Address>): void => {
    this.show({ ...this.address, ...change });
    this.timer ??= setTimeout(() => this.flush(), WRITE_MS);
  };

  listen(): () => void {
    const end = new AbortController();
    const { signal } = end;
    addEventListener('hashchange', () => this.follow(), { signal });
    addEventListener('click', (event) => this.openLink(event), { signal });
    return () => end.abort();
  }

  private show(address: Address): void {
    this.address = address;
    this.onChange(address);
  }

  private flush(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const text = addressText(this.address);
    if (text !== location.hash) location.replace(text === '' ? '#' : text);
  }

  /** The user has gone back or forward, or has followed a link. */
  private follow(): void {
    // Written here a moment ago.
    if (this.timer !== undefined || location.hash === addressText(this.address)) return;
    const next = readAddress(location.hash);
    const { view, filter } = this.address;
    // The same object where it says the same, for which nothing is searched again.
    const isSame = addressText({ view, filter }) === addressText({ view, filter: next.filter });
    this.show(isSame ? { ...next, filter } : next);
  }

  /** A link names a request alone; followed on this page, the rest of it stays. */
  private openLink(event: MouseEvent): void {
    this.flush();
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
      return;
    }
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href*="#request="]');
    if (link === null) return;
    event.preventDefault();
    this.go({ request: readAddress(link.hash).request, line: undefined });
  }
}
