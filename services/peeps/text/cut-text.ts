/** Text that every store holds: no NUL, no half of a character, and at most so many units long. */
export function cutText(text: string, charsMax: number): string {
  const whole = text.replaceAll("\u0000", "").toWellFormed();
  // Cutting may halve a character: the half is dropped.
  return whole.length <= charsMax ? whole : whole.slice(0, charsMax).replace(/[\ud800-\udbff]$/, "");
}
