// Finds a reply that goes round in circles, as small models write until their limit: the same text over and over, or the same sentences in which
// only numbers count on.

/** What is repeated is at most this long. */
const periodCharsMax = 400;
/** It fills this much of the end of a reply. */
const circledCharsMin = 4_000;
/** Where numbers count on, it is a circle only later: lists and series are written like that, too. */
const countedCharsMin = 12_000;
/** Letters of what is repeated around numbers: rows of a table have fewer. */
const countedLettersMin = 12;
/** Part of the steps of a number that are the same: it also begins anew, at 60 or at 10. */
const steadyPartMin = 0.8;
/** How often it checks. */
const everyChars = 500;

/** Tells of each delta whether the reply has ended in a circle. `isCounted`: also in one whose numbers count on. */
export function createCircleFinder(): (delta: string, options?: { isCounted?: boolean }) => boolean {
  let tail = "";
  let unseenChars = 0;
  return (delta, { isCounted = true } = {}) => {
    tail = (tail + delta).slice(-countedCharsMin);
    unseenChars += delta.length;
    if (tail.length < circledCharsMin || unseenChars < everyChars) return false;
    unseenChars = 0;
    return circledChars(tail, isCounted) > 0;
  };
}

/** The text up to its circle, of which half stays: that says all. As it is, when the circle was elsewhere: in the thinking or a call's arguments. */
export function withoutCircle(text: string): string {
  const charCount = circledChars(text, true);
  return charCount === 0 ? text : `${text.slice(0, -charCount / 2)}…`;
}

/** Characters at the end of the text that are known to be a circle. */
function circledChars(text: string, isCounted: boolean): number {
  if (text.length < circledCharsMin) return 0;
  if (periodOf(text.slice(-circledCharsMin)) !== undefined) return circledCharsMin;
  return isCounted && text.length >= countedCharsMin && isCounting(text.slice(-countedCharsMin)) ? countedCharsMin : 0;
}

function periodOf(text: string): number | undefined {
  for (let period = 1; period <= periodCharsMax; period += 1) if (text.startsWith(text.slice(period))) return period;
  return undefined;
}

/** The same text but for numbers, each of which stays or grows by the same step: they tell nothing new. */
function isCounting(text: string): boolean {
  // The first number may have lost its beginning, and the last may go on.
  const whole = text.replace(/^\d+/, "").replace(/\d+$/, "");
  const masked = whole.replaceAll(/\d+/g, "0");
  const period = periodOf(masked);
  if (period === undefined) return false;
  const repeated = masked.slice(0, period);
  const slots = repeated.split("0").length - 1;
  if (slots === 0 || (repeated.match(/\p{L}/gu)?.length ?? 0) < countedLettersMin) return false;
  const numbers = Array.from(whole.matchAll(/\d+/g), ([digits]) => Number(digits));
  return Array.from({ length: slots }, (_, slot) => slot).every((slot) =>
    isSteady(numbers.filter((_, index) => index % slots === slot)),
  );
}

function isSteady(numbers: readonly number[]): boolean {
  const steps = numbers.slice(1).map((number, index) => number - numbers[index]!);
  const counts = Map.groupBy(steps, (step) => step);
  return Math.max(0, ...[...counts.values()].map(({ length }) => length)) >= steadyPartMin * steps.length;
}
