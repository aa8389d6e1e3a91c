/** Has the home's embedding model make vectors of questions for somebody who waits for them: within the tokens of the day, and never longer than they wait. */
import { toRoostError } from "@roost/base";
import type { Memory } from "../memory.ts";
import { estimateOf, mayAsk, spend } from "./embed-lines.ts";

export interface EmbedNow {
  msMax: number;
  /** What is done without them: "recall goes by words alone". */
  otherwise: string;
}

/** In the order of the texts; undefined: there is no such model, or it gives none now, and the log says why. */
export async function embedNow(
  memory: Memory,
  texts: readonly string[],
  { msMax, otherwise }: EmbedNow,
): Promise<Float32Array[] | undefined> {
  const { embedder, logger } = memory;
  if (embedder === undefined || !(await mayAsk(memory))) return undefined;
  try {
    const { vectors, tokenCount } = await embedder.embed(texts, { as: "question", signal: AbortSignal.timeout(msMax) });
    await spend(memory, tokenCount ?? estimateOf(texts));
    return vectors;
  } catch (error) {
    logger.warn(`${otherwise}: the embedding model did not answer`, { error: toRoostError(error).message });
    return undefined;
  }
}
