import { personLimits } from "../contract/limits.ts";

const suffixChars = 4;

/** Each label stands once: of a second birthday it is "birthday 2", so that neither takes the other's place. */
export function distinctLabels<T extends { label: string }>(items: readonly T[]): T[] {
  const counts = new Map<string, number>();
  return items.map((item) => {
    const count = (counts.get(item.label) ?? 0) + 1;
    counts.set(item.label, count);
    if (count === 1) return item;
    return { ...item, label: `${item.label.slice(0, personLimits.labelMax - suffixChars)} ${count}` };
  });
}
