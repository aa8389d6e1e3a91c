/** Consumer groups: list, reset, skip, forget. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { ConsumerGroup, DeadLetter, GroupName, MovedCursor } from "../records/consumer.ts";
import { Count, Id, Name, pageOf, pageFields, Reason, SmallCount, WrittenTime } from "../records/fields.ts";

export const listGroups = defineOperation({
  id: "listGroups",
  method: "GET",
  path: "/groups",
  summary: "Consumer groups, and how far behind each partition is",
  input: z.object({ ...pageFields }),
  output: pageOf(ConsumerGroup),
  effect: "readonly",
});

export const getGroup = defineOperation({
  id: "getGroup",
  method: "GET",
  path: "/groups/{group}",
  summary: "A consumer group, and how far behind each partition is",
  input: z.object({ group: GroupName }),
  output: z.object({ group: ConsumerGroup }),
  errors: ["not_found"],
  effect: "readonly",
});

export const resetGroup = defineOperation({
  id: "resetGroup",
  method: "POST",
  path: "/groups/{group}/reset",
  summary: "Moves a consumer group to another position in the log",
  description: "Give exactly one of earliest, latest, offset or since. One of Roost's own is reset by force only.",
  input: z
    .object({
      group: GroupName,
      to: z.enum(["earliest", "latest"]).optional(),
      offset: Count.optional().describe("Of one named partition"),
      since: WrittenTime.optional().describe("To the first event that is not older"),
      topic: Name.optional().describe("Default: all topics"),
      partition: SmallCount.optional(),
      force: z.boolean().default(false),
    })
    .refine(({ to, offset, since }) => [to, offset, since].filter((one) => one !== undefined).length === 1, {
      error: "give exactly one of to, offset and since",
    })
    .refine(
      ({ offset, topic, partition }) => offset === undefined || (topic !== undefined && partition !== undefined),
      {
        error: "an offset belongs to one partition: name its topic and partition",
      },
    ),
  output: z.object({ moved: z.array(MovedCursor) }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const skipEvent = defineOperation({
  id: "skipEvent",
  method: "POST",
  path: "/groups/{group}/skip",
  summary: "Skips the event that a consumer group fails on",
  input: z.object({
    group: GroupName,
    topic: Name,
    partition: SmallCount,
    offset: Count.describe("Offset of the failing event; refused when the group no longer fails there"),
    reason: Reason.optional(),
  }),
  output: z.object({ eventId: Id.nullable(), nextOffset: Count }),
  errors: ["not_found", "conflict"],
  effect: "queryable",
  query: getGroup,
});

export const removeGroup = defineOperation({
  id: "removeGroup",
  method: "DELETE",
  path: "/groups/{group}",
  summary: "Deletes a consumer group and its position",
  input: z.object({ group: GroupName }),
  output: z.object({ removed: z.boolean() }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const listDeadLetters = defineOperation({
  id: "listDeadLetters",
  method: "GET",
  path: "/dead-letters",
  summary: "Dead letters of a group, with the reason of each",
  input: z.object({ ...pageFields, group: GroupName.optional(), key: Id.optional() }),
  output: pageOf(DeadLetter),
  effect: "readonly",
});

const chosenLetters = {
  number: Count.optional().describe("Number of a dead letter"),
  group: GroupName.optional().describe("All of this group"),
  key: Id.optional().describe("All of this job or run"),
};

interface ChosenLetters {
  number?: number | undefined;
  group?: string | undefined;
  key?: string | undefined;
}

const isChosen = ({ number, group, key }: ChosenLetters) => [number, group, key].some((one) => one !== undefined);
const mustChoose = { error: "give a number, a group or a key" };

export const retryDeadLetters = defineOperation({
  id: "retryDeadLetters",
  method: "POST",
  path: "/dead-letters/retry",
  summary: "Delivers dead letters again at once, with a fresh count of attempts",
  input: z.object(chosenLetters).refine(isChosen, mustChoose),
  output: z.object({ count: Count }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const dropDeadLetters = defineOperation({
  id: "dropDeadLetters",
  method: "POST",
  path: "/dead-letters/drop",
  summary: "Discards dead letters, recording who and why",
  input: z.object({ ...chosenLetters, reason: Reason }).refine(isChosen, mustChoose),
  output: z.object({ count: Count }),
  errors: ["not_found"],
  effect: "queryable",
  query: listDeadLetters,
});

export const groupOperations = [
  listGroups,
  getGroup,
  resetGroup,
  skipEvent,
  removeGroup,
  listDeadLetters,
  retryDeadLetters,
  dropDeadLetters,
] as const;
