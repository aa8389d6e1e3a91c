/** Follows a run to its end, reports events to a view, and finds the part of the reply that the view has not shown. */
import { RoostError } from "@roost/base";
import { Part as PartSchema, type Event, type RunRecord } from "@roost/contract/operations";
import type { Part } from "@roost/contract/part";
import type { RoostClient } from "../connect.ts";

export interface RunView {
  onText(text: string): void;
  /** News while nothing comes, such as a silent model. */
  onRemark(text: string): void;
  /** What a program of the run writes, as it comes. */
  onOutput(text: string): void;
  onEvent(event: Event): void;
}

export interface FollowedRun {
  run: RunRecord;
  /** The reply; undefined when there is none, as for a silent heartbeat. */
  text: string | undefined;
  /** Pictures and sound of the reply. */
  parts: Part[];
  /** The problem with the reply: cut off, withheld, or missing. */
  remark: string | undefined;
  /** The part of the reply that was not streamed: all of it, or the rest after a broken stream. */
  missing: string;
}

export async function followRun(
  client: RoostClient,
  runId: string,
  options: { view: RunView; signal?: AbortSignal },
): Promise<FollowedRun> {
  let streamed = "";
  for await (const { data: update } of client.watchRun({ runId }, { signal: options.signal })) {
    if (update.kind === "text") {
      streamed += update.text;
      options.view.onText(update.text);
    } else if (update.kind === "remark") {
      options.view.onRemark(update.text);
    } else if (update.kind === "output") {
      options.view.onOutput(update.text);
    } else if (update.kind === "event") {
      options.view.onEvent(update.event);
    } else {
      const { run } = update;
      const text = readReply(run);
      return {
        run,
        text,
        parts: readParts(run),
        remark: readText(run, "remark"),
        missing: text === undefined ? "" : findMissing(streamed, text),
      };
    }
  }
  throw new RoostError(
    "unavailable",
    `the gateway stopped sending updates of run ${runId}: see roost run show ${runId}`,
  );
}

/** The text of a run's output. */
export function readReply(run: Pick<RunRecord, "output">): string | undefined {
  return readText(run, "text");
}

/** The parts of a run's output. */
function readParts({ output }: Pick<RunRecord, "output">): Part[] {
  const given = (output as { parts?: unknown } | null | undefined)?.parts;
  const read = PartSchema.array().safeParse(given);
  return read.success ? read.data : [];
}

function readText({ output }: Pick<RunRecord, "output">, name: "text" | "remark"): string | undefined {
  const text = (output as { text?: unknown; remark?: unknown } | null | undefined)?.[name];
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** A shorter overlap between the stream and the reply may be chance. */
const overlapCharsMin = 8;

/** Returns the part of `reply` that `streamed` does not end with. */
export function findMissing(streamed: string, reply: string): string {
  const said = streamed.trimEnd();
  const whole = reply.trim();
  if (said.endsWith(whole)) return "";
  for (let length = Math.min(said.length, whole.length); length >= overlapCharsMin; length -= 1) {
    if (!said.endsWith(whole.slice(0, length))) continue;
    const rest = whole.slice(length);
    const blank = streamed.slice(said.length);
    return rest.startsWith(blank) ? rest.slice(blank.length) : rest;
  }
  return whole;
}
