/**
 * What a replay of a run found: what today's program asked for beside what is recorded. Texts in it are excerpts around what differs;
 * those that nobody vouches for are marked, as they are where a model sees them.
 */
import { z } from "zod";
import { effects } from "../define-operation.ts";
import { Count, Id, Json, Name, Reason, RecordedError } from "./fields.ts";
import { AgentId } from "./agent.ts";
import { JobId } from "./job.ts";
import { RunState, stepStates } from "./run.ts";

export const replayLimits = {
  /** What is over these is counted and not listed. */
  stepsMax: 1_000,
  differencesMax: 50,
  notComparedMax: 200,
  excerptCharsMax: 2_000,
  /** Of the request that would be sent next: of one text, and the newest of its messages. */
  requestTextCharsMax: 20_000,
  requestMessagesMax: 200,
} as const;

const Excerpt = z
  .object({
    text: z.string().max(replayLimits.excerptCharsMax),
    isUntrusted: z.boolean().describe("It holds content that nobody vouches for"),
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
    name: Name.describe("The step as it is recorded, or as it is asked for when it is not"),
    kind: z
      .enum(differenceKinds)
      .describe(
        "step: another step is asked for; input: it is asked for with another input; effect: it is of another effect class; " +
          "context: the run would be told something else; request: the model would be asked something else; " +
          "not_recorded: it goes on where the run had ended; not_asked: it ends where the run had gone on; end: it ends otherwise",
      ),
    part: z.string().max(500).describe("Where in the input, the context, the request or the output they differ"),
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
    state: z.enum(stepStates).nullable().describe("As it is recorded; null: it is not"),
    outcome: z
      .enum(["same", "differs", "open", "asked", "not_asked"])
      .describe("open: it has no outcome to answer with; asked: it would be next; not_asked: it was not asked for"),
  })
  .meta({ id: "ReplayedStep" });
export type ReplayedStep = z.output<typeof ReplayedStep>;

const requestText = z.string().max(replayLimits.requestTextCharsMax);
const shownText = {
  text: requestText,
  charCount: Count.describe("Of the whole text, which is cut when it is longer"),
  isUntrusted: z.boolean(),
};

export const ReplayRequest = z
  .object({
    model: Name.describe("The model that would be asked first"),
    outputTokensMax: Count,
    sections: z.array(z.object({ name: Name, ...shownText })),
    messagesLeftOut: Count.describe("Messages before those that are listed"),
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
      .describe("same: nothing that could be compared differs; what could not be is in `notCompared`"),
    isComplete: z.boolean().describe("The replay came to the recorded end of the run"),
    fromSeq: Count.nullable(),
    job: z
      .object({
        id: JobId,
        recordedVersion: Count,
        presentVersion: Count.nullable().describe(
          "Null: there is no such job any more; the run's own definition was used",
        ),
      })
      .nullable(),
    agent: z.object({
      id: AgentId,
      recordedVersion: Count.nullable().describe("Null: nobody had defined it"),
      presentVersion: Count.nullable().describe("Null: as roost.yaml says now, which is not applied yet"),
    }),
    stepCount: Count.describe("Steps that are recorded"),
    answeredCount: Count.describe("Steps that were asked for and answered from their records"),
    steps: z.array(ReplayedStep),
    differences: z
      .array(ReplayDifference)
      .describe("In the order of the steps: the first is where the run would diverge"),
    differenceCount: Count,
    notCompared: z
      .array(z.object({ seq: Count.nullable(), what: Name, why: Reason }))
      .describe("What is taken from the record, and why"),
    notComparedCount: Count,
    recordedEnd: RunEnd.nullable().describe("Null: the run goes on"),
    replayedEnd: RunEnd.nullable().describe("Null: the replay did not come to an end"),
    next: z
      .object({
        seq: Count,
        name: Name,
        kind: z.string().max(64),
        effect: z.enum(effects),
        input: Json,
        isUntrusted: z
          .boolean()
          .describe("Content that nobody vouches for came before it: its input may go back to that"),
        request: ReplayRequest.nullable().describe("Of a model call: what would be sent"),
      })
      .nullable()
      .describe("What would be done next, where the records end or were to end; it was not done"),
  })
  .meta({ id: "ReplayReport" });
export type ReplayReport = z.output<typeof ReplayReport>;
