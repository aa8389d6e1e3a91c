import assert from "node:assert/strict";
import { test } from "node:test";
import { someRun, someRunId, someSummary } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

test("roost chat says each line of its input in turn, and knows its commands", async () => {
  const said: string[] = [];
  await using gateway = await serveGateway({
    sendMessage: ({ text }) => {
      said.push(text);
      return { messageId: "m1", runId: someRunId, isRepeated: false };
    },
    watchRun: async function* () {
      const run = someRun({ output: { kind: "reply", text: `reply ${said.length}` } });
      yield { event: "over", data: { kind: "over" as const, run } };
    },
    explainRun: () => ({
      run: someSummary(),
      why: "because you asked",
      causes: [],
      effects: { items: [], next: null },
      isCut: false,
    }),
  });
  const { code, stdout } = await runRoost(["chat"], { ...gateway, input: "one\n\ntwo\n/why\n/quit\nthree\n" });
  assert.deepEqual([code, said], [0, ["one", "two"]]);
  assert.equal(stdout, "reply 1\nreply 2\nbecause you asked\n");
});
