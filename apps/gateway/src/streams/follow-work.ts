import { watchStream, type Kernel } from "@roost/kernel";

export interface FollowedText {
  kind: "text" | "remark";
  text: string;
}

/** What a tool has written so far, such as a program that runs. */
export interface FollowedOutput {
  kind: "output";
  step: string;
  text: string;
}

/** Streams the text of a run's model, remarks on it, and what its tools write, from now on; lossy. Ends only by its signal. */
export async function* followWork(
  kernel: Kernel,
  runId: string,
  signal: AbortSignal,
): AsyncGenerator<FollowedText | FollowedOutput, void> {
  for await (const { type, step, text } of watchStream(kernel, runId, { signal })) {
    if (typeof text !== "string") continue;
    if (type === "text" || type === "remark") yield { kind: type, text };
    if (type === "tool_output" && typeof step === "string") yield { kind: "output", step, text };
  }
}
