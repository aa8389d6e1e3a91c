import assert from "node:assert/strict";
import { test } from "node:test";
import { peepsContract } from "./contract.ts";

test("peepsContract marks every answer with people, notes or messages as text from outside", () => {
  const silent = ["removeNote", "setCadence", "receiveMessages", "readWatch", "importContacts", "suggestFacts"];
  for (const { id, labels } of peepsContract.operations)
    assert.equal(labels.includes("trust:untrusted"), !silent.includes(id), id);
});
