import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { copyText } from './clipboard.js';
import { Icon } from './icon.js';

const SHOWN_MS = 1500;

interface CopyButtonProps {
  /** The name of the button, as in `Copy request id`. */
  readonly name: string;
  /** The text on the button; without it the button has only an icon. */
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
      <span role="status" class="visually-hidden">
        {result}
      </span>
    </button>
  );
}
