/** The API of a gateway on another host of the home, over the rights that such a gateway has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { roostOperations } from "@roost/contract/operations";
import { askEverything, recorded } from "./testing/ask-everything.ts";
import { askTheRest } from "./testing/ask-the-rest.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";
import { openElsewhere } from "./testing/open-elsewhere.ts";

test("createApi() of a gateway on another host answers as at the home, and refuses what needs the home, with nothing but its login", async (t) => {
  // As the home writes it: no process here brings its disk up to what is recorded.
  const files = { "memory/email-state.json": '{\n  "unread": 3\n}\n' };
  await using gateway = await createTestGateway({ files, objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  await using elsewhere = await openElsewhere(gateway);
  const { client, answered } = recorded(elsewhere.client);
  await t.test("those of the walk", () => askEverything(gateway, client));
  const clientWith = (token: string) => recorded(elsewhere.clientWith(token), answered).client;
  await t.test("all others", () => askTheRest(gateway, { ...elsewhere, client, clientWith }));
  assert.deepEqual([...answered].toSorted(), roostOperations.map(({ id }): string => id).toSorted());
  assert.deepEqual(elsewhere.denied, [], "nothing was refused by the database");
});
