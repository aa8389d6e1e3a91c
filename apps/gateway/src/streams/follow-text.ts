import { watchStream, type Kernel } from "@roost/kernel";

export interface FollowedText {
  kind: "text" | "remark";
  text: string;
}

/** Streams the text of a run's model, and remarks on it, from now on; lossy. Ends only by its signal. */
export async function* followText(
  kernel: Kernel,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<FollowedText, void> {
  for await (const delta of watchStream(kernel, runId, { signal })) {
    const { type: kind, text } = delta;
    if ((kind === "text" || kind === "remark") && typeof text === "string") yield { kind, text };
  }
}
