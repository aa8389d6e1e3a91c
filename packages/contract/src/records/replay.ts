/**
 * The result of a replay: what today's program asked for beside the record. Texts are excerpts around differences; untrusted ones are marked, as in
 * a model's context.
 */
import { z } from "zod";
import { effects } from "../define-operation.ts";
import { Count, Id, Json, Name, Reason, RecordedError } from "./fields.ts";
import { AgentId } from "./agent.ts";
import { JobId } from "./job.ts";
import { RunState, stepStates } from "./run.ts";

export const replayLimits = {
  /** More are counted and not listed. */
  stepsMax: 1_000,
  differencesMax: 50,
  notComparedMax: 200,
  excerptCharsMax: 2_000,
  /** Of the next request: of one text, and of the newest messages. */
  requestTextCharsMax: 20_000,
  requestMessagesMax: 200,
} as const;

const Excerpt = z
  .object({
    text: z.string().max(replayLimits.excerptCharsMax),
    isUntrusted: z.boolean().describe("It holds untrusted content"),
  })
  .meta({ id: "ReplayExcerpt" });
export type ReplayExcerpt = z.output<typeof Excerpt>;

export const differenceKinds = [
  "step",
  "input",
  "effect",
  "context",
  "request",
  "not_recorded",
  "not_asked",
  "end",
] as const;

export const ReplayDifference = z
  .object({
    seq: Count.nullable().describe("The step; null for the end of the run"),
    name: Name.describe("The step as recorded, or as requested when it is not recorded"),
    kind: z
      .enum(differenceKinds)
      .describe(
        "step: a different step is requested; input: its input differs; effect: its effect class differs; " +
          "context: the run would be told something else; request: the model would be asked something else; " +
          "not_recorded: it continues where the run ended; not_asked: it ends where the run continued; end: it ends differently",
      ),
    part: z.string().max(500).describe("Path in the input, context, request or output"),
    recorded: Excerpt.nullable(),
    replayed: Excerpt.nullable(),
  })
  .meta({ id: "ReplayDifference" });
export type ReplayDifference = z.output<typeof ReplayDifference>;

export const ReplayedStep = z
  .object({
    seq: Count,
    name: Name,
    kind: z.string().max(64),
    state: z.enum(stepStates).nullable().describe("As recorded; null: not recorded"),
    outcome: z
      .enum(["same", "differs", "open", "asked", "not_asked"])
      .describe("open: it has no recorded outcome; asked: it would be next; not_asked: it was not requested"),
  })
  .meta({ id: "ReplayedStep" });
export type ReplayedStep = z.output<typeof ReplayedStep>;

const requestText = z.string().max(replayLimits.requestTextCharsMax);
const shownText = {
  text: requestText,
  charCount: Count.describe("Length of the whole text, which may be cut"),
  isUntrusted: z.boolean(),
};

export const ReplayRequest = z
  .object({
    model: Name.describe("The model that would be asked first"),
    outputTokensMax: Count,
    sections: z.array(z.object({ name: Name, ...shownText })),
    messagesLeftOut: Count.describe("Earlier messages that are not listed"),
    messages: z.array(
      z.object({
        role: z.enum(["user", "assistant", "tool", "summary"]),
        ...shownText,
        toolName: Name.optional(),
        toolCalls: z.array(z.object({ toolName: Name, argumentsText: requestText })).optional(),
      }),
    ),
    tools: z.array(z.object({ name: Name, description: requestText })),
  })
  .meta({ id: "ReplayRequest" });
export type ReplayRequest = z.output<typeof ReplayRequest>;

const RunEnd = z
  .object({ state: RunState, error: RecordedError.nullable(), output: Json })
  .meta({ id: "ReplayRunEnd", description: "How a run ends" });
export type ReplayRunEnd = z.output<typeof RunEnd>;

export const ReplayReport = z
  .object({
    runId: Id,
    title: Name,
    verdict: z
      .enum(["same", "diverged"])
      .describe("same: nothing that could be compared differs; see `notCompared` for the rest"),
    isComplete: z.boolean().describe("The replay reached the recorded end of the run"),
    fromSeq: Count.nullable(),
    job: z
      .object({
        id: JobId,
        recordedVersion: Count,
        presentVersion: Count.nullable().describe("Null: the job no longer exists; the run's own definition was used"),
      })
      .nullable(),
    agent: z.object({
      id: AgentId,
      recordedVersion: Count.nullable().describe("Null: it was not defined then"),
      presentVersion: Count.nullable().describe("Null: as in roost.yaml, which is not applied yet"),
    }),
    stepCount: Count.describe("Recorded steps"),
    answeredCount: Count.describe("Steps requested and answered from the record"),
    steps: z.array(ReplayedStep),
    differences: z.array(ReplayDifference).describe("In order of the steps: at the first the run would diverge"),
    differenceCount: Count,
    notCompared: z
      .array(z.object({ seq: Count.nullable(), what: Name, why: Reason }))
      .describe("What is taken from the record, and why"),
    notComparedCount: Count,
    recordedEnd: RunEnd.nullable().describe("Null: the run has not ended"),
    replayedEnd: RunEnd.nullable().describe("Null: the replay did not reach an end"),
    next: z
      .object({
        seq: Count,
        name: Name,
        kind: z.string().max(64),
        effect: z.enum(effects),
        input: Json,
        isUntrusted: z.boolean().describe("Untrusted content came before it and may have influenced its input"),
        request: ReplayRequest.nullable().describe("For a model call: the request that would be sent"),
      })
      .nullable()
      .describe("The next step, where the record ends or was to end; it was not executed"),
  })
  .meta({ id: "ReplayReport" });
export type ReplayReport = z.output<typeof ReplayReport>;
