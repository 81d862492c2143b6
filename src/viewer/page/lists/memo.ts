import { Component, type ComponentType, type JSX } from 'preact';

/** A component that renders only when one of its properties is another one. */
export function memo<Props extends object>(
  render: (props: Props) => JSX.Element,
): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const now: Props = this.props;
      return (Object.keys(next) as (keyof Props)[]).some((name) => next[name] !== now[name]);
    }

    override render(props: Props): JSX.Element {
      return render(props);
    }
  };
}
