/** Streams a run: its events from the log, and between them the model's text, remarks on it, and what its tools write. */
import type { Handler, StreamItem } from "@roost/contract";
import type { RunUpdate, watchRun as operation } from "@roost/contract/operations";
import { formatOffsets, getRun, type Kernel, type OffsetVector, type Run } from "@roost/kernel";
import { requireUuid } from "../records/require-uuid.ts";
import { toEventRecord } from "../records/to-event.ts";
import { toRunRecord } from "../records/to-run-summary.ts";
import { followCorrelation, type FollowedEvent } from "../streams/follow-correlation.ts";
import { createRunTexts } from "../streams/create-run-texts.ts";
import { mayBeHeldUp } from "../streams/create-hold-ups.ts";
import { followWork, type FollowedOutput, type FollowedText } from "../streams/follow-work.ts";
import { readPlace } from "./tail-events.ts";
import { isTerminal } from "../streams/is-terminal.ts";
import { mergeStreams } from "../streams/merge-streams.ts";

const runTopics = ["runs", "notices"];

export function watchRun(kernel: Kernel): Handler<typeof operation> {
  return async ({ runId, after }, { signal }) => {
    // Read before the log: if the run has ended by now, all of its events can be read.
    const run = await getRun(kernel.database, requireUuid("run", runId));
    const offsets = after === undefined ? undefined : await readPlace(kernel, runTopics, after);
    return watch(kernel, run, { after: offsets, signal });
  };
}

async function* watch(
  kernel: Kernel,
  run: Run,
  options: { after: OffsetVector | undefined; signal: AbortSignal },
): AsyncGenerator<StreamItem<RunUpdate>> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const follow = { topics: runTopics, correlation: run.correlation, after: options.after, signal };
  try {
    const events = followCorrelation(kernel, follow);
    const texts = run.endedAt === null ? [followWork(kernel, run.id, signal)] : [];
    const { added, look } = createRunTexts(kernel, signal);
    if (run.endedAt === null && run.state !== "running") look(run.id);
    const streams = [events, ...texts];
    for await (const item of mergeStreams<FollowedEvent | FollowedText | FollowedOutput>(streams, added)) {
      if (item.kind === "text" || item.kind === "remark") {
        yield { event: item.kind, data: { kind: item.kind, runId: run.id, text: item.text } };
        continue;
      }
      if (item.kind === "output") {
        yield { event: item.kind, data: { kind: item.kind, runId: run.id, step: item.step, text: item.text } };
        continue;
      }
      if (item.kind === "event") {
        if (item.event.subject !== run.id && item.event.data["runId"] !== run.id) continue;
        const id = formatOffsets(item.offsets);
        yield { id, event: "event", data: { kind: "event", event: toEventRecord(item.event) } };
        if (run.endedAt === null && mayBeHeldUp(item.event)) look(run.id);
        if (!isTerminal(item.event.type)) continue;
      } else if (run.endedAt === null) {
        continue;
      }
      // Its last event was sent just now, or on an earlier connection.
      yield { event: "over", data: { kind: "over", run: toRunRecord(await getRun(kernel.database, run.id)) } };
      return;
    }
  } finally {
    over.abort();
  }
}
