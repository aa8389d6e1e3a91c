import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonObjectOf, type JsonObject } from "@roost/base";
import { createOpenApi } from "@roost/contract";
import { peepsContract } from "./contract.ts";

test("peepsContract has every record say who said it, and marks files whole", () => {
  const { operations } = peepsContract;
  const marked = operations.filter(({ labels }) => labels.includes("trust:untrusted")).map(({ id }) => id);
  assert.deepEqual(marked, ["exportContacts", "getPicture"]);
  const described = createOpenApi(peepsContract, { version: "1" })["components"] as {
    schemas: Record<string, JsonObject>;
  };
  const silent = Object.entries(described.schemas).filter(
    ([, schema]) => !("labels" in jsonObjectOf(schema["properties"])),
  );
  // Pages, what is taken in, and what stands in a record that says its own.
  const records = silent.map(([name]) => name).filter((name) => !/(Page|Input)$/.test(name));
  assert.deepEqual(records.toSorted(), ["Edit", "PersonDetails", "Problem", "ReceivedMessage", "Unreadable"]);
});
