const distanceMax = 3;

/** The nearest name, for "did you mean"; undefined when none is near. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const near = names
    .map((name) => ({ name, distance: distanceOf(lower, name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const isNear = near !== undefined && near.distance <= Math.min(distanceMax, Math.ceil(word.length / 2));
  if (isNear || word.length <= 2) return isNear ? near.name : undefined;
  const whole = names.map((name) => ({ name, known: name.toLowerCase() }));
  return (whole.find(({ known }) => known.startsWith(lower)) ?? whole.find(({ known }) => known.endsWith(lower)))?.name;
}

/** Levenshtein distance. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of one.split("").entries()) {
    const next = [index + 1];
    for (let at = 1; at <= other.length; at += 1) {
      const cost = letter === other[at - 1] ? 0 : 1;
      next.push(Math.min((row[at] as number) + 1, (next[at - 1] as number) + 1, (row[at - 1] as number) + cost));
    }
    row = next;
  }
  return row.at(-1) as number;
}
