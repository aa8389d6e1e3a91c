import assert from "node:assert/strict";
import type { TestGateway } from "./create-test-gateway.ts";

/** Calls each operation of facts and recall, for the test that calls all. */
export async function askAboutMemory(client: TestGateway["client"]): Promise<void> {
  const lives = { subject: "Anna", attribute: "lives in" };
  const { fact } = await client.rememberFact({ text: "Anna lives in Ulm", ...lives, value: "Ulm" });
  const corrected = await client.rememberFact({
    text: "Anna lives in Bonn",
    ...lives,
    value: "Bonn",
    corrects: fact.id,
  });
  assert.equal(corrected.closedCount, 1);
  const { items } = await client.listFacts({ withClosed: true });
  assert.deepEqual(
    items.map(({ statement, replacedBy }) => [statement, replacedBy]),
    [
      ["Anna lives in Bonn", null],
      ["Anna lives in Ulm", corrected.fact.id],
    ],
  );
  const { lines } = await client.recall({ query: "where does Anna live", kinds: ["fact"] });
  assert.deepEqual(
    lines.map(({ text, ref }) => [text, ref]),
    [["Anna lives in Bonn", corrected.fact.id]],
  );
  await assert.rejects(client.acceptFact({ factId: corrected.fact.id }), { code: "conflict" });
  const removed = await client.removeFact({ factId: corrected.fact.id, reason: "she moved" });
  assert.notEqual(removed.fact.retractedAt, null);
}
