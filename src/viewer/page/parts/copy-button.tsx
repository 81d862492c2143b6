import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copyText } from './clipboard.js';
import { Icon } from './icon.js';

const SHOWN_MS = 1500;

interface CopyButtonProps {
  /** What the button is called, as in `Copy request id`. */
  readonly name: string;
  /** What is written on it; without it the button is a sign with a name. */
  readonly label?: string;
  readonly icon?: 'copy' | 'link';
  text(): string;
}

export function CopyButton({ name, label, icon = 'copy', text }: CopyButtonProps): JSX.Element {
  const [state, setState] = useState<'copied' | 'failed' | undefined>();
  useEffect(() => {
    if (state === undefined) return undefined;
    const timer = setTimeout(() => setState(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async (): Promise<void> => setState((await copyText(text())) ? 'copied' : 'failed');
  const result = state === undefined ? '' : state === 'copied' ? 'Copied' : 'Could not copy';
  return (
    <button
      type="button"
      class={label === undefined ? 'icon-button' : 'button'}
      aria-label={name}
      title={name}
      data-state={state}
      onClick={() => void copy()}
    >
      <Icon name={state === 'copied' ? 'check' : icon} />
      {label !== undefined && <span>{result === '' ? label : result}</span>}
      <span role="status" class="unseen">
        {result}
      </span>
    </button>
  );
}
