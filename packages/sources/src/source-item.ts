/** A mail or an event as a source has it, before it is known whom it concerns: nobody vouches for what it says. */
export interface SourceItem {
  /** Stays the same as long as it is the same mail or occurrence; a hash. */
  key: string;
  /** A mail: when it was sent; an event: when it begins. */
  at: Date;
  text: string;
}

/** Of what one item says; what is longer is cut, and said to be. */
export const itemCharsMax = 20_000;

export function cutText(text: string): string {
  if (text.length <= itemCharsMax) return text.toWellFormed();
  return `${text.slice(0, itemCharsMax).toWellFormed()}\n(${text.length - itemCharsMax} more characters are not kept)`;
}
