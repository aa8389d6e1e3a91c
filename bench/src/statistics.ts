/** Order statistics of measured values; nothing is averaged away. */
export interface Statistics {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  min: number;
  max: number;
}

export function statistics(values: readonly number[]): Statistics {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    p99: quantile(sorted, 0.99),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  };
}

/** Nearest rank. */
function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new Error("statistics need at least one value");
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}
