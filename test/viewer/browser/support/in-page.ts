// Functions that run in the page, and what they use of a document. They refer to nothing outside
// themselves: their text is what is sent to the browser.

interface InPage {
  readonly parentElement: InPage | null;
}

interface Element extends InPage {
  readonly tagName: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  readonly childNodes: Iterable<{ readonly nodeValue: string | null }>;
  matches(selector: string): boolean;
  getAttribute(name: string): string | null;
}

type StyleName =
  | 'color'
  | 'backgroundColor'
  | 'opacity'
  | 'transitionDuration'
  | 'animationName'
  | 'scrollBehavior';

declare const getComputedStyle: (
  element: InPage,
  pseudo?: string,
) => Readonly<Record<StyleName, string>>;
declare const document: {
  readonly title: string;
  querySelectorAll(selector: string): Iterable<Element>;
  readonly scrollingElement: { readonly scrollWidth: number; readonly clientWidth: number };
  addEventListener(
    type: 'securitypolicyviolation',
    listener: (
      event: Readonly<Record<'violatedDirective' | 'blockedURI' | 'sample', string>>,
    ) => void,
  ): void;
};
declare const navigator: { readonly clipboard: { readText(): Promise<string> } };
declare const tellBreach: (breach: string) => void;
/** Reports each violation of the page's policy. */
export function tellBreaches(): void {
  document.addEventListener(
    'securitypolicyviolation',
    ({ violatedDirective, blockedURI, sample }) =>
      tellBreach(`policy: ${violatedDirective} ${blockedURI} ${sample}`),
  );
}

export function colorOf(element: InPage): string {
  return getComputedStyle(element).color;
}

/** The colour of the stripe at the left of a card. */
export function stripeOf(card: InPage): string {
  return getComputedStyle(card, '::before').backgroundColor;
}

/** What is seen behind an element: the first background that is one. */
export function backdropOf(element: InPage): string {
  let at: InPage | null = element;
  while (at !== null && getComputedStyle(at).backgroundColor === 'rgba(0, 0, 0, 0)') {
    at = at.parentElement;
  }
  return at === null ? 'none' : getComputedStyle(at).backgroundColor;
}

/** How much of an element can be seen, through everything that it is in. */
export function opacityOf(element: InPage): number {
  let opacity = 1;
  for (let at: InPage | null = element; at !== null; at = at.parentElement) {
    opacity *= Number(getComputedStyle(at).opacity);
  }
  return opacity;
}

/** By how many pixels the page is wider than the window. */
export function sidewaysScroll(): number {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  return scrollWidth - clientWidth;
}

export function clipboardText(): Promise<string> {
  return navigator.clipboard.readText();
}

/** Replaces the functions that hostile text calls, to report that it was run. */
export function armTraps(): void {
  Object.assign(globalThis, { hacked: () => tellBreach('hostile text was run') });
}

/** The names of all elements that run or load something. */
export function executables(): string[] {
  const isLoud = ({ attributes }: Element): boolean =>
    [...attributes].some(
      ({ name, value }) =>
        name.startsWith('on') ||
        (/^(?:href|src|action|formaction|xlink:href)$/.test(name) &&
          /^\s*javascript:/i.test(value)),
    );
  const named = 'script, img, iframe, object, embed, video, audio, base, form, [src], [onload]';
  return [...document.querySelectorAll('body *, head *')]
    .filter((element) => element.matches(named) || isLoud(element))
    .map(({ tagName }) => tagName);
}

/** Characters that can be seen nowhere but do something, in anything that can be read. */
export function rawControls(): string[] {
  const control = /[^\n\P{Cc}]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
  const found = [document.title].filter((title) => control.test(title));
  for (const element of document.querySelectorAll('body, body *')) {
    if (element.tagName === 'SCRIPT') continue;
    const texts = [...element.childNodes].map(({ nodeValue }) => nodeValue ?? '');
    const read = ['title', 'aria-label', 'placeholder', 'href'];
    const attributes = read.map((name) => element.getAttribute(name) ?? '');
    found.push(...[...texts, ...attributes].filter((text) => control.test(text)));
  }
  return found;
}

/** How many elements do not change at once when they change. */
export function movingElements(): number {
  return [...document.querySelectorAll('*')].filter((element) => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
    return (
      /[1-9]/.test(transitionDuration) || animationName !== 'none' || scrollBehavior === 'smooth'
    );
  }).length;
}
