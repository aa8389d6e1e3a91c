/**
 * Numbers in [0, 1), the same each time for the same seed: for orders and samples that must only be mixed. A linear congruential generator (Numerical
 * Recipes); seeds that are neighbours begin alike.
 */
export function createDraw(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
