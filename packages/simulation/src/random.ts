/** Chance that can be repeated: the same seed draws the same numbers. It knows nothing of what they decide. */

export interface Random {
  /** A whole number from 0, below `bound`. */
  below(bound: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  bytes(count: number): Uint8Array;
}

const fraction = 2 ** 32;

/** Mulberry32: 32 bits of state, fast, and good enough to choose among what could happen next. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (bound: number) => Math.floor((next() / fraction) * bound);
  return {
    below,
    chance: (probability) => next() / fraction < probability,
    pick: (items) => items[below(items.length)]!,
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
  };
}

/** A seed made of several values: streams of chance that do not disturb each other (FNV-1a, then mixed). */
export function hashOf(...parts: (string | number)[]): number {
  let state = 0x811c9dc5;
  for (const character of parts.join("|")) state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
