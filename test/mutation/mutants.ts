/** Every guard of the kernel that is removed to see that the suite notices. docs/chaos.md lists them. */
import { approvalMutants } from "./approval-mutants.ts";
import { boundMutants } from "./bound-mutants.ts";
import { fenceMutants } from "./fence-mutants.ts";
import { homeMutants } from "./home-mutants.ts";
import { labelMutants } from "./label-mutants.ts";
import { kernelMutant, type Mutant } from "./mutant.ts";

/** The key of ticks holds for these alone. */
const tickKeyOnlyOf = (condition: string) => [
  { file: "jobs/migrations/001-schema.sql", find: "  primary key (job_id, tick_key),\n", replace: "" },
  {
    file: "jobs/migrations/001-schema.sql",
    find: "create index tick_of_job",
    replace: `create unique index tick_key on roost.tick (job_id, tick_key) where ${condition};\ncreate index tick_of_job`,
  },
  {
    file: "jobs/record-ticks.ts",
    find: "on conflict (job_id, tick_key) do nothing",
    replace: "on conflict do nothing",
  },
];

const tickKey = kernelMutant({
  name: "tick key",
  edits: tickKeyOnlyOf("tick_key like 'manual:%'"),
  tests: "jobs/tick-once.test.ts",
  kills: ["fireDueTicks() fires no moment again when the clock steps back and the job is changed"],
  spares: [],
});

const tickKeyByHand = kernelMutant({
  name: "tick key, of what is started by hand",
  edits: tickKeyOnlyOf("tick_key not like 'manual:%'"),
  tests: "jobs/jobs.test.ts",
  kills: ["runJobNow() with one key from several processes starts one run"],
  spares: ["listTicks() pages through everything once, newest first"],
});

const intents: Mutant[] = [
  kernelMutant({
    name: "intent record: before the effect",
    edits: [
      {
        file: "functions/step.sql",
        find: "if p_seqs[n] is not null and not r.is_cancelling then",
        replace: "if p_seqs[n] is not null and not r.is_cancelling and false then",
      },
      {
        file: "functions/step.sql",
        find: "if found then m.answer := 'recorded'; end if;",
        replace: "m.answer := case when found then 'recorded' else 'begun' end;",
      },
    ],
    tests: "runs/begin-step.test.ts",
    kills: [
      "beginStep() records the intent before anything happens",
      "beginStep() tells the next owner that a step was interrupted, and begins it for that owner under the same key",
    ],
    spares: ["beginStep() refuses more steps than a run may have"],
  }),
  kernelMutant({
    name: "intent record: the next owner is told of it",
    edits: [
      {
        file: "runs/begin-step.ts",
        find: "if (recorded.epoch === owned.epoch)",
        replace: "if (recorded.epoch <= owned.epoch)",
      },
    ],
    tests: "runs/begin-step.test.ts",
    kills: [
      "beginStep() tells the next owner that a step was interrupted, and begins it for that owner under the same key",
    ],
    spares: ["beginStep() returns recorded outcomes instead of beginning again, also to the next owner"],
  }),
  kernelMutant({
    name: "intent record: one that is open at the end of its run becomes unknown",
    edits: [
      {
        file: "runs/end-runs.ts",
        find: "case when s.state = 'intent' and s.effect <> 'readonly' then 'unknown' else 'failed' end",
        replace: "'failed'",
      },
    ],
    tests: "runs/finish-run.test.ts",
    kills: ["finishRun() makes an open effect visible as unknown"],
    spares: ["finishRun() ends the run once, with its output"],
  }),
];

const takesEffectOnce = "consumeGroup() lets each event take effect once, with several readers at once";
const oneTransaction = "consumeGroup() commits the cursor in the transaction of the effect";

const cursors: Mutant[] = [
  kernelMutant({
    name: "cursor with effect: the effect in a transaction of its own",
    edits: [
      {
        file: "groups/consume-group.ts",
        find: "free.length === 0 ? 0 : await group.deliver(tx, free, events);",
        replace: "free.length === 0 ? 0 : await kernel.transact((own) => group.deliver(own, free, events));",
      },
    ],
    tests: "groups/consume-group.test.ts",
    kills: [oneTransaction],
    spares: [takesEffectOnce],
  }),
  kernelMutant({
    name: "cursor with effect: from where its reader began",
    edits: [
      {
        file: "functions/consume.sql",
        find: "and c.next_offset = from_offset and to_offset",
        replace: "and to_offset",
      },
    ],
    tests: "groups/consume-group.test.ts",
    kills: [
      "lockCursor() is undefined while another transaction has it, and moveCursor() moves it from where its reader began",
    ],
    spares: [takesEffectOnce],
  }),
  kernelMutant({
    name: "cursor with effect: one reader of a partition at a time",
    edits: [
      {
        file: "functions/consume.sql",
        find: "for update skip locked;",
        replace: "for share;",
      },
    ],
    tests: "groups/consume-group.test.ts",
    kills: [
      "lockCursor() is undefined while another transaction has it, and moveCursor() moves it from where its reader began",
    ],
    spares: [oneTransaction],
  }),
];

const headRow = kernelMutant({
  name: "head-row lock",
  edits: [
    {
      file: "functions/append-events.sql",
      find: `update roost.partition_head set next_offset = next_offset + head_counts[i]
      where topic = head_topics[i] and partition = head_partitions[i]
      returning next_offset, (select offsets_until from roost.topic where name = topic) into head_next, head_until;`,
      replace: `select next_offset + head_counts[i], (select offsets_until from roost.topic where name = topic) into head_next, head_until
      from roost.partition_head where topic = head_topics[i] and partition = head_partitions[i];
    update roost.partition_head set next_offset = head_next where topic = head_topics[i] and partition = head_partitions[i];`,
    },
  ],
  tests: "log/append-events.test.ts",
  kills: [
    "appendEvents() keeps offsets dense under concurrent writers of several processes and topics, aborted ones included",
  ],
  spares: ["appendEvents() leaves no gap when the transaction fails after it"],
});

const headOrder = kernelMutant({
  name: "head-row order",
  edits: [
    {
      file: "functions/append-of-run.sql",
      find: "for p in 1 .. cardinality(counts) loop",
      replace: "for p in reverse cardinality(counts) .. 1 loop",
    },
  ],
  tests: "runs/heads-last.test.ts",
  kills: ["finishRun with the next claim() locks the heads of the partitions last, each once, in their order"],
  spares: [],
});

const outcomes = kernelMutant({
  name: "outcome record: never overwritten",
  edits: [
    {
      file: "functions/hold-run.sql",
      find: "where x.run_id = p_run and x.seq = (o ->> 'seq')::integer and x.state = 'intent'",
      replace: "where x.run_id = p_run and x.seq = (o ->> 'seq')::integer",
    },
  ],
  tests: "runs/finish-step.test.ts",
  kills: ["finishStep() never overwrites an outcome"],
  spares: ["finishStep() counts as progress: the losses of owners before it are forgotten"],
});

export const mutants: readonly Mutant[] = [
  ...fenceMutants,
  ...homeMutants,
  ...boundMutants,
  ...labelMutants,
  ...approvalMutants,
  tickKey,
  tickKeyByHand,
  ...intents,
  ...cursors,
  headRow,
  headOrder,
  outcomes,
];
