/**
 * The kinds of transactions in which Roost changes anything: how each begins, whether what it does is there, and how who had no answer repeats it. For
 * what becomes of them when their server goes.
 */
import assert from "node:assert/strict";
import { toRoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { Sql } from "@roost/database";
import { defineJob, fireDueTicks } from "@roost/jobs";
import {
  acquireLock,
  answerQuestion,
  beginStep,
  claimRuns,
  consumeGroup,
  createGroup,
  createRun,
  finishRun,
  finishStep,
  rememberResult,
  waitInRun,
  type Kernel,
  type Owned,
  type WorkerRegistration,
} from "@roost/kernel";
import { note } from "@roost/kernel/testing/test-events";
import { sendMessage, writeHomeFile, type Memory } from "@roost/memory";
import type { ServiceDatabase } from "@roost/service";
import { plantAdded } from "@roost/service/testing/garden/contract";
import { createLeases } from "../../packages/kafka/src/leases.ts";
import { createSchemaIds } from "../../packages/kafka/src/relay/schema-ids.ts";
import { shipPartition, type Shipped } from "../../packages/kafka/src/relay/ship-partition.ts";
import type { MemoryKafka } from "./memory-kafka.ts";

/** What a process of the home has. */
export interface Place {
  kernel: Kernel;
  memory: Memory;
  worker: WorkerRegistration;
  garden: ServiceDatabase;
  kafka: MemoryKafka;
}

export interface TransactionKind {
  name: string;
  /** What is there before it. */
  prepare(place: Place): Promise<void>;
  /** Resolves when it is acknowledged. */
  begin(place: Place): Promise<unknown>;
  /** How often it is there. */
  count(sql: Sql): Promise<number>;
  /** By a process that knows of it what its database has. */
  repeat(place: Place, wasThere: boolean): Promise<unknown>;
}

type Given = Omit<TransactionKind, "name" | "prepare"> & { prepare?: TransactionKind["prepare"] };

const step = { seq: 1, name: "send", kind: "tool", effect: "idempotent", input: {} } as const;
const as = { kind: "main" } as const;
const relayLeaseMs = 600_000;
const atMs = 1_500;

/** One of each, told apart from those of other sets by the set's name. */
export function createTransactionKinds(set: string): TransactionKind[] {
  const kinds = { ...kindsOfLog(set), ...kindsOfRuns(set), ...kindsOfHome(set) };
  return Object.entries(kinds).map(([name, kind]: [string, Given]) => ({ prepare: async () => {}, ...kind, name }));
}

async function countRows(sql: Sql, query: string, values: unknown[]): Promise<number> {
  const [row] = await sql.query<{ count: number }>(`select count(*)::int as count from ${query}`, values);
  return row!.count;
}

function kindsOfLog(set: string): Record<string, Given> {
  const countEvents = (id: string) => (sql: Sql) => countRows(sql, "roost.event where id = $1", [id]);
  const append = ({ kernel }: Place) => kernel.append([{ ...note(1, `${set} append`), id: `${set}-append` }]);
  const underKey = ({ kernel }: Place) =>
    kernel.transact((tx) =>
      rememberResult(tx, { scope: "test", key: set }, async () => {
        tx.emit({ ...note(2, `${set} key`), id: `${set}-key` });
        return null;
      }),
    );
  const group = createGroup(`reader-${set}`, "stop", async (tx, events) => {
    const seen = events.filter(({ id }) => id === `${set}-read`).map(({ id }) => id);
    await tx.query("insert into public.seen (id) select unnest($1::text[])", [seen]);
  });
  const read = ({ kernel }: Place) => consumeGroup(kernel, group, { topics: ["notes"] });
  return {
    append: {
      begin: append,
      count: countEvents(`${set}-append`),
      // Without a key it looks first.
      repeat: async (place, wasThere) => wasThere || append(place),
    },
    "append with a key": { begin: underKey, count: countEvents(`${set}-key`), repeat: underKey },
    "reader of the log": {
      prepare: async ({ kernel }) => void (await kernel.append([{ ...note(3, `${set} read`), id: `${set}-read` }])),
      begin: read,
      count: (sql) => countRows(sql, "public.seen where id = $1", [`${set}-read`]),
      repeat: read,
    },
    "relay batch": relayBatch(set),
    lock: {
      begin: ({ kernel }) => acquireLock(kernel, { name: set, holder: set, ttlMs: 600_000 }),
      count: (sql) => countRows(sql, "roost.lock where name = $1 and holder = $1", [set]),
      async repeat({ kernel }, wasThere) {
        const [held] = await kernel.database.query<{ epoch: number }>("select epoch from roost.lock where name = $1", [
          set,
        ]);
        const { acquired, epoch } = await acquireLock(kernel, { name: set, holder: set, ttlMs: 600_000 });
        assert.ok(acquired && (!wasThere || epoch === held!.epoch), "the lock that it has");
      },
    },
  };
}

/** What it has sent is in Kafka, whatever became of the record of it. */
function relayBatch(set: string): Given {
  const id = `${set}-ship`;
  const event = { type: "task.done", subject: set, data: { n: 1 } };
  const open = async ({ kernel, kafka }: Place, eventId: string) => {
    const [of] = await kernel.database.query<{ topic: string; partition: number }>(
      "select topic, partition from roost.event where id = $1",
      [eventId],
    );
    const leases = createLeases(kernel.database, { purpose: "relay", owner: kernel.createId(), leaseMs: relayLeaseMs });
    const [leased] = await leases.claim([of!]);
    assert.ok(leased, "the partition is free");
    const { signal } = new AbortController();
    const shipping = { kernel, kafka: kafka.client, leases, schemaIds: createSchemaIds(kernel), log: "log", signal };
    const places = new Map<string, Shipped>();
    return async (isLast: boolean) => {
      await shipPartition(shipping, { ...leased, kafkaTopic: leased.topic }, places);
      if (isLast) await leases.release();
    };
  };
  let ship: Awaited<ReturnType<typeof open>>;
  return {
    async prepare(place) {
      await place.kernel.append([{ ...event, id: `${set}-first` }]);
      ship = await open(place, `${set}-first`);
      await ship(false);
      await place.kernel.append([{ ...event, id }]);
    },
    begin: () => ship(true),
    count: (sql) =>
      countRows(
        sql,
        `roost.event e join roost.cursor c on c.group_name = 'kafka-relay' and c.topic = e.topic and c.partition = e.partition and c.next_offset > e."offset" where e.id = $1`,
        [id],
      ),
    async repeat(place) {
      await place.kernel.database.query("update kafka.lease set expires_at = roost.now() where owner is not null");
      await (
        await open(place, id)
      )(true);
      assert.equal(place.kafka.countOf(id), 1, "the relay reads back what Kafka has");
    },
  };
}

function kindsOfRuns(set: string): Record<string, Given> {
  const runOf = (name: string) => {
    let runId = "";
    let owned: Owned | undefined;
    const queue = `${set} ${name}`;
    const create = ({ kernel }: Place) =>
      kernel.transact((tx) => createRun(tx, { id: runId, reason: "a test", queue, input: {} }));
    const claim = async ({ kernel, worker: { workerId } }: Place) => {
      const [run] = await claimRuns(kernel, { workerId, queues: [queue], limit: 1 });
      if (run !== undefined) owned = { runId, epoch: run.epoch };
      return run;
    };
    return {
      name: ({ kernel }: Place) => void (runId = kernel.createId()),
      create,
      claim,
      owned: () => owned!,
      async claimed(place: Place) {
        runId = place.kernel.createId();
        await create(place);
        assert.ok(await claim(place));
      },
      countEvents: (type: string) => (sql: Sql) =>
        countRows(sql, "roost.event where subject = $1 and type = $2", [runId, type]),
      count: (query: string) => (sql: Sql) => countRows(sql, query, [runId]),
    };
  };
  const [created, claimed, begun, finished, ended, asked] = ["create", "claim", "begin", "finish", "end", "ask"].map(
    runOf,
  );
  let questionId = "";
  const answer = ({ kernel }: Place) => answerQuestion(kernel, { questionId, answer: "yes", by: "person:owner" });
  const end = ({ kernel }: Place) => finishRun(kernel, ended!.owned(), { state: "done", output: "it" });
  const finish = ({ kernel }: Place) => finishStep(kernel, finished!.owned(), { seq: 1, state: "done", output: "it" });
  let key = "";
  return {
    "run created": {
      prepare: async (place) => created!.name(place),
      begin: created!.create,
      count: (sql) => created!.count("roost.run where id = $1")(sql),
      async repeat(place, wasThere) {
        const repeated = await created!.create(place).catch((error: unknown) => toRoostError(error).code);
        assert.equal(repeated === "conflict", wasThere);
      },
    },
    claim: {
      async prepare(place) {
        claimed!.name(place);
        await claimed!.create(place);
      },
      begin: claimed!.claim,
      count: (sql) => claimed!.count("roost.run where id = $1 and state = 'running'")(sql),
      async repeat(place, wasThere) {
        // Its worker is gone, so it is another's, under a later epoch.
        const { epoch } = (await claimed!.claim(place))!;
        assert.ok(wasThere ? epoch > 1 : epoch === 1, `epoch ${epoch}`);
      },
    },
    "step begun": {
      prepare: begun!.claimed,
      begin: ({ kernel }) => beginStep(kernel, begun!.owned(), step),
      count: (sql) => begun!.count("roost.step where run_id = $1")(sql),
      async repeat(place, wasThere) {
        assert.ok(await begun!.claim(place));
        const { state } = await beginStep(place.kernel, begun!.owned(), step);
        assert.equal(state, wasThere ? "interrupted" : "begun");
      },
    },
    "step finished": {
      async prepare(place) {
        await finished!.claimed(place);
        const first = await beginStep(place.kernel, finished!.owned(), step);
        assert.ok(first.state === "begun");
        key = first.idempotencyKey;
      },
      begin: finish,
      count: (sql) => finished!.countEvents("step.done")(sql),
      async repeat(place, wasThere) {
        assert.ok(await finished!.claim(place));
        const again = await beginStep(place.kernel, finished!.owned(), step, { takesOver: true });
        assert.equal(again.state, wasThere ? "done" : "begun");
        if (again.state !== "begun") return;
        assert.equal(again.idempotencyKey, key, "who receives the effect knows it again");
        await finish(place);
      },
    },
    "run ended": {
      prepare: ended!.claimed,
      begin: end,
      count: (sql) => ended!.countEvents("run.done")(sql),
      async repeat(place, wasThere) {
        assert.equal((await ended!.claim(place)) === undefined, wasThere);
        if (!wasThere) await end(place);
      },
    },
    "wait ended": {
      async prepare(place) {
        await asked!.claimed(place);
        const wait = { kind: "person" as const, question: { prompt: "May I?" } };
        const waiting = await waitInRun(place.kernel, asked!.owned(), { seq: 1, name: "ask", wait });
        assert.ok(waiting.state === "waiting");
        questionId = waiting.questionId!;
      },
      begin: answer,
      count: (sql) => asked!.countEvents("step.done")(sql),
      repeat: answer,
    },
    tick: tickOf(set),
  };
}

function tickOf(set: string): Given {
  const jobId = `job-${set}`;
  return {
    async prepare({ kernel }) {
      const at = kernel.clock.nowMs() + atMs;
      const trigger = { kind: "at", at: new Date(at).toISOString() };
      await defineJob(kernel, { id: jobId, trigger, prompt: "do it" }, { by: "test" });
      await until("it is due", () => kernel.clock.nowMs() > at);
    },
    begin: ({ kernel }) => fireDueTicks(kernel),
    count: (sql) => countRows(sql, "roost.tick where job_id = $1 and outcome = 'fired'", [jobId]),
    async repeat({ kernel }) {
      await fireDueTicks(kernel);
      assert.equal(await countRows(kernel.database, "roost.run where job_id = $1", [jobId]), 1, "one run");
    },
  };
}

function kindsOfHome(set: string): Record<string, Given> {
  const path = `notes/${set}.md`;
  const write = ({ memory }: Place) =>
    writeHomeFile(memory, {
      path,
      text: `${set}\n`,
      expected: "absent",
      as,
      by: "session:main",
      remember: { scope: "test", key: path },
    });
  const send = ({ memory }: Place) => sendMessage(memory, { sessionKey: "main", text: set, idempotencyKey: set });
  let plantId = "";
  const plant = ({ garden }: Place) =>
    garden.transact(async (tx) => {
      await tx.query("insert into svc_garden.plant (id, name) values ($1, $2)", [plantId, set]);
      tx.emit(plantAdded, { subject: plantId, data: { plantId, name: set } });
    });
  return {
    "file written": {
      begin: write,
      // A file whose record the replica never had is still on the disk, and is found there as an edit.
      count: (sql) =>
        countRows(sql, "roost.event where type in ('file.written', 'file.edited') and subject = $1", [path]),
      async repeat(place) {
        assert.match((await write(place)).state, /^(?:written|repeated)$/);
      },
    },
    message: {
      begin: send,
      count: (sql) => countRows(sql, "memory.message where role = 'user' and text = $1", [set]),
      async repeat(place, wasThere) {
        assert.equal((await send(place)).isRepeated, wasThere);
      },
    },
    "write of a service": {
      prepare: async ({ kernel }) => void (plantId = kernel.createId()),
      begin: plant,
      async count(sql) {
        const there = await countRows(sql, "svc_garden.plant where id = $1", [plantId]);
        const told = await countRows(sql, "roost.event where type = 'plant.added' and subject = $1", [plantId]);
        assert.equal(there, told, "its row and its event are one");
        return there;
      },
      repeat: async (place, wasThere) => wasThere || plant(place),
    },
  };
}
