import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useSettings } from './hooks/use-settings.js';
import { changeSettings } from './model/settings.js';
import { Icon } from './parts/icon.js';

const THEMES = { system: 'As the system', light: 'Light', dark: 'Dark' } as const;
const TIME_ZONES = { local: 'Local', UTC: 'UTC' } as const;

/** The theme and the time zone. They are remembered. */
export function SettingsMenu(): JSX.Element {
  const { theme, timeZone } = useSettings();
  const menu = useRef<HTMLDetailsElement>(null);
  const close = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !menu.current!.open) return;
    event.preventDefault();
    menu.current!.open = false;
    menu.current!.querySelector('summary')!.focus();
  };
  return (
    <details
      ref={menu}
      class="settings"
      onKeyDown={close}
      onFocusOut={({ relatedTarget, currentTarget }) => {
        if (relatedTarget !== null && !currentTarget.contains(relatedTarget as Node)) {
          currentTarget.open = false;
        }
      }}
    >
      <summary class="icon-button" aria-label="Settings" title="Theme and time zone">
        <Icon name="settings" />
      </summary>
      <div class="settings-panel">
        <Choice
          label="Theme"
          options={THEMES}
          chosen={theme}
          onChoose={(next) => changeSettings({ theme: next })}
        />
        <Choice
          label="Times"
          options={TIME_ZONES}
          chosen={timeZone}
          onChoose={(next) => changeSettings({ timeZone: next })}
        />
      </div>
    </details>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: Readonly<Record<T, string>>;
  readonly chosen: T;
  onChoose(option: T): void;
}

function Choice<T extends string>(props: ChoiceProps<T>): JSX.Element {
  return (
    <fieldset>
      <legend>{props.label}</legend>
      {(Object.entries(props.options) as [T, string][]).map(([option, text]) => (
        <label key={option}>
          <input
            type="radio"
            name={props.label}
            checked={option === props.chosen}
            onChange={() => props.onChoose(option)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
