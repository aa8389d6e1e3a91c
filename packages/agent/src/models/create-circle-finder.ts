/** What is repeated is at most this long, and fills this much of the end of a reply. */
const periodCharsMax = 400;
const circledCharsMin = 4_000;
/** How often it is looked for. */
const everyChars = 500;

/**
 * Tells whether a reply has ended in a circle: the same text over and over, as small models write until their limit. Given each delta; true once
 * the last 4,000 characters are one text of at most 400 repeated.
 */
export function createCircleFinder(): (delta: string) => boolean {
  let tail = "";
  let unseenChars = 0;
  return (delta) => {
    tail = (tail + delta).slice(-circledCharsMin);
    unseenChars += delta.length;
    if (tail.length < circledCharsMin || unseenChars < everyChars) return false;
    unseenChars = 0;
    return isCircle(tail);
  };
}

/** The text up to its circle, of which half stays: that says all. As it is, when the circle was elsewhere: in the thinking or a call's arguments. */
export function withoutCircle(text: string): string {
  const isCircling = text.length >= circledCharsMin && isCircle(text.slice(-circledCharsMin));
  return isCircling ? `${text.slice(0, -circledCharsMin / 2)}…` : text;
}

function isCircle(text: string): boolean {
  for (let period = 1; period <= periodCharsMax; period += 1) if (text.startsWith(text.slice(period))) return true;
  return false;
}
