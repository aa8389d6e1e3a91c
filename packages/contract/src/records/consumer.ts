/** Consumer groups as people and programs see them: how far they are, and what they fail on. */
import { z } from "zod";
import { Count, Id, Name, RecordedError, Time, WholeMs } from "./fields.ts";

export const GroupName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._:-]{0,126}$/,
    "must be 1 to 127 lower-case letters, digits, dots, colons, - or _, beginning with a letter or digit",
  );

export const groupPartitionStates = ["current", "lagging", "failing", "out_of_range", "idle"] as const;

export const GroupPartition = z
  .object({
    topic: Name,
    partition: Count,
    cursor: Count.describe("The next offset it reads"),
    earliest: Count.describe("The oldest offset that is kept"),
    head: Count.describe("The offset of the next event to be appended"),
    lagCount: Count.describe("Number of unread events"),
    lagMs: WholeMs.nullable().describe("Age of the first unread event"),
    state: z
      .enum(groupPartitionStates)
      .describe("idle: a reader of Roost itself that this topic does not need at present"),
    movedAt: Time,
    lastError: RecordedError.nullable().describe("The last failure, also when it is over"),
    failedAt: Time.nullable(),
    failureCount: Count.describe("Consecutive failures of the event at the cursor"),
    retryAt: Time.nullable(),
    eventId: Id.nullable().describe("Of the event at the cursor, when it fails"),
    eventType: Name.nullable(),
    isPinned: z.boolean().describe("Retention keeps what the group has not read"),
  })
  .meta({ id: "GroupPartition" });
export type GroupPartitionRecord = z.output<typeof GroupPartition>;

export const ConsumerGroup = z
  .object({
    name: GroupName,
    isOwn: z.boolean().describe("Roost's own: any scheduler reads for it"),
    setAsideAfter: Count.nullable().describe(
      "Attempts after which a failing event is given up; it is set aside from the first on. Null: it stops its partition",
    ),
    partitions: z.array(GroupPartition),
  })
  .meta({ id: "ConsumerGroup" });
export type ConsumerGroupRecord = z.output<typeof ConsumerGroup>;

export const deadLetterStates = ["retrying", "waiting", "given_up"] as const;

export const DeadLetter = z
  .object({
    number: Count,
    group: GroupName,
    key: Id.describe("Recipient of the delivery: a job, a run"),
    topic: Name,
    partition: Count,
    offset: Count,
    eventId: Id,
    eventType: Name,
    state: z
      .enum(deadLetterStates)
      .describe("waiting: behind another of its key. given_up: failed too often; a person decides"),
    attempts: Count,
    retryAt: Time.nullable(),
    error: RecordedError.nullable(),
    parkedAt: Time,
  })
  .meta({ id: "DeadLetter", description: "An event that a group could not deliver and has set aside" });
export type DeadLetterRecord = z.output<typeof DeadLetter>;

export const MovedCursor = z
  .object({ topic: Name, partition: Count, from: Count, to: Count })
  .meta({ id: "MovedCursor" });
