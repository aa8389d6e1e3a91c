/** How well a text fits what was typed: 0 when it does not. Beginnings of words count most, then runs of letters. Pure. */
export function scoreMatch(typed: string, text: string): number {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return 1;
  const low = text.toLowerCase();
  const whole = low.indexOf(wanted);
  if (whole === 0) return 1_000 - low.length;
  if (whole > 0) return (isWordStart(low, whole) ? 800 : 500) - whole;
  return scoreLetters(wanted, low);
}

/** The letters in order, anywhere; each that begins a word or follows the one before is worth more. */
function scoreLetters(wanted: string, low: string): number {
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    if (letter === " ") continue;
    const next = low.indexOf(letter, at + 1);
    if (next === -1) return 0;
    score += isWordStart(low, next) ? 12 : next === at + 1 ? 8 : 1;
    at = next;
  }
  const letterCount = wanted.replaceAll(" ", "").length;
  // Scattered letters fit anything: at least half of them must begin a word or follow each other.
  return score >= letterCount * 5 ? score : 0;
}

function isWordStart(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
}
