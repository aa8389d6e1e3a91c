/** A process that replays: `node replay.fixture.ts URL`. Its third page waits for a lock that the test holds. */
import assert from "node:assert/strict";
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "../open-kernel.ts";
import { noteProjection } from "../testing/note-projection.ts";
import { groupTestEvents } from "../testing/test-events.ts";
import { replayProjection } from "./replay-projection.ts";

const [url] = process.argv.slice(2);
assert.ok(url !== undefined);
await using database = await openDatabase({ url, applicationName: "replay", logger: silentLogger, poolMax: 2 });
await using kernel = await openKernel({ database, logger: silentLogger, migrate: false, events: groupTestEvents });
let page = 0;
await replayProjection(kernel, {
  ...noteProjection,
  apply: async (tx, events, copyOf) => {
    page += 1;
    await noteProjection.apply(tx, events, copyOf);
    if (page === 3) await tx.query("select pg_advisory_xact_lock(42)");
  },
});
