import type { Embedder } from "@roost/agent";

/** What one measurement hands to the report. */
export interface Figure {
  /** What was measured, in words. */
  name: string;
  /** "12.3 ms", "0.94". */
  value: string;
  /** Where the value stands in its distribution, what it is compared with, how many times. */
  details: string;
  aim?: string;
  /** Undefined when there is no aim. */
  isMet?: boolean;
}

export interface MeasureOptions {
  /** A smoke test: everything runs, nothing is precise. */
  isQuick: boolean;
  /** Of the full size, for what is measured at sizes: `--share 0.1`. */
  share: number;
  /** Of the server that the person names, for what also goes by vectors: `--embeddings URL --embedding-model NAME`. */
  embedder?: (Embedder & { model: string }) | undefined;
  /** Of the server that the person names: `--model URL --model-name NAME`. */
  model?: { url: string; name: string } | undefined;
  /** Says what is going on. */
  onProgress: (text: string) => void;
}

export type Measure = (options: MeasureOptions) => Promise<Figure[]>;

export function formatMs(ms: number): string {
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}

/** How many milliseconds the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
