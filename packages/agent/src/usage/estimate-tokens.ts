// An upper estimate of a text's tokens, without a tokenizer. A real one (o200k) costs 66 MB of memory and 200 ms per worker; reservations and the
// context check only need "not more than". estimate-tokens.test.ts compares it with o200k.

/** Tokens per character, by class; chosen so that the estimate exceeds o200k for every kind of text in the test. */
const weights = { lower: 0.25, upper: 0.65, digit: 0.72, punctuation: 0.78, line: 0.6, space: 0.06 } as const;
const twoByteTokens = 0.65;
const threeByteTokens = 1.25;
const surrogateTokens = 1.6;
/** A word, an identifier's hump, and a change between letters and digits each begin a token. */
const wordStartTokens = 0.3;
const humpTokens = 0.55;
const mixTokens = 0.35;
/** Longer runs of letters are random text rather than words, and merge badly. */
const wordLettersMax = 14;
const randomLetterTokens = 0.65;

type CharacterClass = keyof typeof weights | "other";

/** Upper estimate of the tokens of `text`; 0 for the empty text. */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let letterCount = 0;
  let previous: CharacterClass = "space";
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const current = classOf(code);
    if (current === "other") {
      tokens += code < 0x800 ? twoByteTokens : code >= 0xd800 && code <= 0xdfff ? surrogateTokens : threeByteTokens;
    } else {
      tokens += weights[current];
    }
    const isLetter = current === "lower" || current === "upper";
    if (isLetter) {
      letterCount += 1;
      if (letterCount === 1) tokens += previous === "digit" ? mixTokens : wordStartTokens;
      else if (current === "upper" && previous === "lower") tokens += humpTokens;
      if (letterCount > wordLettersMax) tokens += randomLetterTokens - weights.lower;
    } else {
      if (current === "digit" && letterCount > 0) tokens += mixTokens;
      letterCount = 0;
    }
    previous = current;
  }
  return Math.ceil(tokens);
}

function classOf(code: number): CharacterClass {
  if (code >= 97 && code <= 122) return "lower";
  if (code >= 65 && code <= 90) return "upper";
  if (code >= 48 && code <= 57) return "digit";
  if (code === 32 || code === 9) return "space";
  if (code === 10 || code === 13) return "line";
  return code < 128 ? "punctuation" : "other";
}
