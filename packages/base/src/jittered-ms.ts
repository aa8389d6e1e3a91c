/** A duration between half of `ms` and all of it, so that many who wait for the same thing do not come back together. */
export function jitteredMs(ms: number, options: { random?: () => number } = {}): number {
  const random = options.random ?? Math.random;
  return ms * (0.5 + random() / 2);
}
