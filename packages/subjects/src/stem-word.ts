/** The stem of an English word, as far as comparing subjects needs it. No dictionary. */
const suffixes = [
  "isations",
  "izations",
  "isation",
  "ization",
  "ations",
  "ation",
  "ities",
  "ments",
  "ings",
  "ment",
  "ness",
  "ance",
  "ence",
  "ions",
  "ing",
  "ies",
  "ied",
  "ers",
  "ion",
  "ity",
  "ise",
  "ize",
  "ed",
  "es",
  "er",
  "ly",
  "s",
  "e",
  "y",
] as const;

const stemCharsMin = 3;

/**
 * The stem of a lower-case English word: one suffix off and a doubled last
 * consonant made single. Rough on purpose: both sides of a comparison go
 * through it, and what it misses is caught by comparing letters.
 */
export function stemWord(word: string): string {
  if (/\d/.test(word) || word.length <= stemCharsMin) return word;
  for (const suffix of suffixes) {
    if (!word.endsWith(suffix) || word.length - suffix.length < stemCharsMin) continue;
    if (suffix === "s" && /(?:ss|us|is)$/.test(word)) break;
    return single(word.slice(0, -suffix.length));
  }
  return single(word);
}

function single(stem: string): string {
  return /([bdfgklmnprt])\1$/.test(stem) ? stem.slice(0, -1) : stem;
}
