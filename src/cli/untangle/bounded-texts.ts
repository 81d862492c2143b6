export interface TextLimits {
  /** Texts at a time. */
  readonly texts: number;
  /** Parts of one text. */
  readonly parts: number;
  /** Characters of one text. */
  readonly characters: number;
  /** Characters of all texts. */
  readonly allCharacters: number;
}

interface Text<T> {
  readonly parts: string[];
  readonly about: T;
  readonly openedAt: number;
  characters: number;
}

/**
 * Texts that come in parts, one for each channel. What does not fit is closed as far as it is known:
 * the text itself if it is too long, else the one that was opened first.
 */
export class BoundedTexts<T> {
  private readonly texts = new Map<string, Text<T>>();
  private characters = 0;

  constructor(
    private readonly limits: TextLimits,
    /** Receives each text that is closed. */
    private readonly onClose: (parts: readonly string[], about: T) => void,
  ) {}

  get size(): number {
    return this.texts.size;
  }

  has(channel: string): boolean {
    return this.texts.has(channel);
  }

  /** Opens a text. There must be none of that channel. */
  open(channel: string, part: string, about: T): void {
    this.texts.set(channel, { parts: [], about, openedAt: Date.now(), characters: 0 });
    this.add(channel, part);
  }

  add(channel: string, part: string): void {
    const { limits } = this;
    const text = this.texts.get(channel)!;
    text.parts.push(part);
    text.characters += part.length;
    this.characters += part.length;
    if (text.parts.length >= limits.parts || text.characters > limits.characters) {
      this.close(channel);
    }
    while (this.texts.size > limits.texts || this.characters > limits.allCharacters) {
      const [first] = this.texts.keys();
      this.close(first!);
    }
  }

  close(channel: string): void {
    const text = this.texts.get(channel);
    if (text === undefined) return;
    this.texts.delete(channel);
    this.characters -= text.characters;
    this.onClose(text.parts, text.about);
  }

  /** Closes what was opened before that time. */
  closeOlder(openedBefore: number): void {
    for (const [channel, { openedAt }] of this.texts) {
      if (openedAt >= openedBefore) return;
      this.close(channel);
    }
  }

  closeAll(): void {
    for (const channel of this.texts.keys()) this.close(channel);
  }
}
