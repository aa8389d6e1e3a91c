/** What a turn of a conversation costs the database, from the message to the end of its run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loopVersions } from "@roost/agent/journal";
import { silentLogger } from "@roost/base";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { claimRuns, getRun, registerWorker } from "@roost/kernel";
import { sendMessage } from "@roost/memory";
import { createAgentHandler } from "./create-agent-handler.ts";
import { executeRun } from "./execute-run.ts";
import { openTestHome } from "./testing/open-test-home.ts";

/** What a turn does with one call of the model and no tools. Raise it only with a reason that stands in docs/benchmarks.md. */
const statementsMax = 19;
/** In which they travel: the message 3, the claim, the files as recorded, what a context reads 4, its step 2, the end 2. */
const tripsMax = 13;
/** The message; the claim; context, intent and reservation; the end. */
const flushesMax = 4;

test("a turn makes few statements in fewer round trips, and few commits that wait for the disk", async () => {
  let database: CountedDatabase | undefined;
  const files = { "AGENTS.md": "You help.", "MEMORY.md": "- likes tea" };
  await using home = await openTestHome({ files, wrap: (opened) => (database = countStatements(opened)) });
  const { kernel, memory } = home;
  home.setScript(() => "At your service.");
  const agent = createAgentHandler(home.handlerOptions);
  await using worker = await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid });
  const takeTurn = async () => {
    database!.reset();
    const { runId } = await sendMessage(memory, { sessionKey: "main", text: "What is new?" });
    const claim = { workerId: worker.workerId, queues: ["default"], limit: 1, loopVersions };
    const [run] = await claimRuns(kernel, claim);
    await executeRun({ kernel, handlers: { agent }, logger: silentLogger }, run!, new AbortController().signal);
    const { statements, tripCount, flushCount } = database!;
    const own = statements.filter((name) => name !== "roost_notify");
    const counted = { own, tripCount: tripCount - (statements.length - own.length), flushCount };
    assert.equal((await getRun(kernel.database, runId)).state, "done");
    return counted;
  };
  // The first turns make the session, the rows of spending and the sets of labels.
  await takeTurn();
  await takeTurn();

  const { own, tripCount, flushCount } = await takeTurn();

  assert.ok(tripCount <= tripsMax, `${tripCount} round trips (limit ${tripsMax}):\n${own.join("\n")}`);
  assert.ok(own.length <= statementsMax, `${own.length} statements (limit ${statementsMax}):\n${own.join("\n")}`);
  assert.ok(flushCount <= flushesMax, `${flushCount} commits waited for the disk (limit ${flushesMax})`);
});
