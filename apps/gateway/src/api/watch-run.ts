/** A run as it happens: its events from the log, and between them what its model writes. */
import type { StreamItem } from "@roost/contract";
import type { RunUpdate } from "@roost/contract/operations";
import { formatOffsets, getRun, parseOffsets, type OffsetVector, type Run } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toRunSummary } from "../records/to-run-summary.ts";
import { followEvents, type FollowedEvent } from "../streams/follow-events.ts";
import { followText, type FollowedText } from "../streams/follow-text.ts";
import { mergeStreams } from "../streams/merge-streams.ts";
import { toEventRecord } from "../records/to-event.ts";

const runTopics = ["runs", "notices"];
const terminal = new Set(["run.done", "run.failed", "run.cancelled", "run.diverged"]);

export function watchRun(context: GatewayContext): ApiHandler<"watchRun"> {
  return async ({ runId, after }, { signal }) => {
    const run = await getRun(context.kernel.database, runId);
    return watch(context, run, { after: after === undefined ? undefined : parseOffsets(after), signal });
  };
}

async function* watch(
  { kernel }: GatewayContext,
  run: Run,
  options: { after: OffsetVector | undefined; signal: AbortSignal },
): AsyncGenerator<StreamItem<RunUpdate>> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  try {
    const events = followEvents(kernel, {
      topics: runTopics,
      after: options.after,
      correlation: run.correlation,
      signal,
    });
    const text = followText(kernel, run.id, signal);
    for await (const item of mergeStreams<FollowedEvent | FollowedText>([events, text])) {
      if (item.kind === "text") {
        yield { event: "text", data: { kind: "text", runId: run.id, text: item.text } };
        continue;
      }
      if (item.event.subject !== run.id && item.event.data["runId"] !== run.id) continue;
      const id = item.offsets === undefined ? undefined : formatOffsets(item.offsets);
      yield { id, event: "event", data: { kind: "event", event: toEventRecord(item.event) } };
      if (!terminal.has(item.event.type)) continue;
      yield { event: "over", data: { kind: "over", run: toRunSummary(await getRun(kernel.database, run.id)) } };
      return;
    }
  } finally {
    over.abort();
  }
}
