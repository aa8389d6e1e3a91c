/** A process that consumes: `node consume-group.fixture.ts URL MEMBER`. Each event becomes a row of public.seen, until it is killed. */
import assert from "node:assert/strict";
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "../open-kernel.ts";
import { groupTestEvents } from "../testing/test-events.ts";
import { consumeGroup } from "./consume-group.ts";

const [url, memberId] = process.argv.slice(2);
assert.ok(url !== undefined && memberId !== undefined);
await using database = await openDatabase({ url, applicationName: memberId, logger: silentLogger, poolMax: 3 });
await using kernel = await openKernel({ database, logger: silentLogger, migrate: false, events: groupTestEvents });
await consumeGroup(kernel, {
  group: "counters",
  topics: ["notes"],
  memberId,
  batchMax: 5,
  signal: new AbortController().signal,
  handle: async (tx, events) => {
    await tx.query("insert into public.seen (n, by) select unnest($1::int[]), $2", [
      events.map((event) => event.data["n"]),
      memberId,
    ]);
  },
});
