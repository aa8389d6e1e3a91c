import { watchStream, type Kernel } from "@roost/kernel";

export interface FollowedText {
  kind: "text";
  text: string;
}

/** Streams the text of a run's model from now on; lossy. Ends only by its signal. */
export async function* followText(
  kernel: Kernel,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<FollowedText, void> {
  for await (const delta of watchStream(kernel, runId, { signal })) {
    if (delta.type === "text" && typeof delta["text"] === "string") yield { kind: "text", text: delta["text"] };
  }
}
