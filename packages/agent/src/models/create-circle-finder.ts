// Finds a reply that goes round in circles, as small models write until their limit: the same text over and over, or the same sentences in which
// only numbers count on.

/** A circle fills so much of the end of a reply with the same text, the less the shorter that is. `hasWords`: patterns and tables of signs are none. */
const circles = [
  { charsMin: 4_000, periodCharsMax: 400, hasWords: false },
  { charsMin: 1_500, periodCharsMax: 100, hasWords: true },
  { charsMin: 500, periodCharsMax: 4, hasWords: false },
] as const;
const [longest, , shortest] = circles;
/** Where numbers count on, it is a circle only later: lists and series are written like that, too. */
const countedCharsMin = 12_000;
/** Letters of what is repeated around numbers: rows of a table have fewer. */
const countedLettersMin = 12;
/** Part of the steps of a number that are the same: it also begins anew, at 60 or at 10. */
const steadyPartMin = 0.8;
/** How often it checks. */
const everyChars = 250;
/** A word has at least two letters. */
const word = /\p{L}\p{L}/u;

/**
 * Tells of each delta whether the reply has ended in a circle. `isText`: false for the arguments of a call, which may be a file of equal lines or of
 * any series of numbers.
 */
export function createCircleFinder(): (delta: string, options?: { isText?: boolean }) => boolean {
  let tail = "";
  let unseenChars = 0;
  return (delta, { isText = true } = {}) => {
    tail = (tail + delta).slice(-countedCharsMin);
    unseenChars += delta.length;
    if (tail.length < shortest.charsMin || unseenChars < everyChars) return false;
    unseenChars = 0;
    return circledChars(tail, isText) > 0;
  };
}

/** The text up to its circle, of which half stays: that says all. As it is, when the circle was elsewhere: in the thinking or a call's arguments. */
export function withoutCircle(text: string): string {
  const charCount = circledChars(text, true);
  return charCount === 0 ? text : `${text.slice(0, -charCount / 2)}…`;
}

/** Characters at the end of the text that are known to be a circle. */
function circledChars(text: string, isText: boolean): number {
  for (const { charsMin, periodCharsMax, hasWords } of isText ? circles : [longest]) {
    const end = text.slice(-charsMin);
    const period = end.length < charsMin ? undefined : periodOf(end, periodCharsMax);
    if (period !== undefined && (!hasWords || word.test(end.slice(0, period + 1)))) return charsMin;
  }
  return isText && text.length >= countedCharsMin && isCounting(text.slice(-countedCharsMin)) ? countedCharsMin : 0;
}

/** The length of what the text repeats from its beginning to its end. */
function periodOf(text: string, charsMax: number): number | undefined {
  for (let period = 1; period <= charsMax; period += 1) if (text.startsWith(text.slice(period))) return period;
  return undefined;
}

/** The same text but for numbers, each of which stays or grows by the same step: they tell nothing new. */
function isCounting(text: string): boolean {
  // The first number may have lost its beginning, and the last may go on.
  const whole = text.replace(/^\d+/, "").replace(/\d+$/, "");
  const masked = whole.replaceAll(/\d+/g, "0");
  const period = periodOf(masked, longest.periodCharsMax);
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
