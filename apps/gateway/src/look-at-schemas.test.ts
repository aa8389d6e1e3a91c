import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestGateway } from "./testing/create-test-gateway.ts";
import { openElsewhere } from "./testing/open-elsewhere.ts";

test("lookAtSchemas() refuses tables of channels that are not those of this program, at a gateway elsewhere", async () => {
  await using home = await createTestGateway({ objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  await home.kernel.database.query(
    "delete from channels.migration where position = (select max(position) from channels.migration)",
  );
  await assert.rejects(openElsewhere(home), {
    code: "unavailable",
    message: /^schema "channels" lacks migration .* start the home's own program of this version first$/,
  });
});
