import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database } from "@roost/database";
import { tryMigrations } from "@roost/database/testing/try-migrations";
import { readKernelSchema, readTopic } from "@roost/kernel";
import { starterToolNames } from "@roost/contract/operations";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { forgetUnlistedAgents, readUnlistedAgents } from "./unlisted-agents.ts";

test("the migration to closed lists gives each agent that named no tools those that it had, and runs that are under way, too", async () => {
  const all = starterToolNames.toSorted();
  const sorted = (tools: string[] | null) => tools?.toSorted() ?? null;
  const check = async (database: Database, migration: string) => {
    if (migration !== "002-closed-lists") return;
    const rows = await database.query<{ id: string; tools: string[] | null }>(
      `select id, definition -> 'tools' as tools from roost.agent
       union all select agent_id || ' ' || version, definition -> 'tools' from roost.agent_version order by 1`,
    );
    assert.deepEqual(Object.fromEntries(rows.map(({ id, tools }) => [id, sorted(tools)])), {
      main: all,
      "main 1": all,
      clerk: all,
      "clerk 1": all,
      "clerk 2": all,
      writer: ["write_file"],
      "writer 1": ["write_file"],
      thinker: [],
      "thinker 1": [],
      helper: all,
      // A run that was delegated to it is under way, and has none.
      "helper 1": null,
      gone: all,
      "gone 1": all,
    });
    const unlisted = await database.query<{ id: string }>("select agent_id as id from roost.unlisted_agent order by 1");
    assert.deepEqual(
      unlisted.map(({ id }) => id),
      ["clerk", "helper", "main", "thinker"],
    );
  };
  const directory = new URL("../migrations/", import.meta.url);
  const on = [await readKernelSchema()];
  assert.ok((await tryMigrations({ schema: "roost", room: "jobs", directory, on, check })).length > 0);
});

test("forgetUnlistedAgents() tells the person once", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  assert.deepEqual([...(await readUnlistedAgents(kernel))], []);
  await kernel.database.query(`insert into roost.unlisted_agent values ('clerk', '["notify"]'), ('main', '[]')`);
  assert.deepEqual(
    [...(await readUnlistedAgents(kernel))],
    [
      ["clerk", ["notify"]],
      ["main", []],
    ],
  );
  for (let times = 2; times > 0; times -= 1)
    await forgetUnlistedAgents(kernel, ["clerk"], { told: "It is written down" });
  await forgetUnlistedAgents(kernel, ["main"], { told: undefined });
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 10 });
  assert.deepEqual(
    events.map(({ data }) => data["text"]),
    ["It is written down"],
  );
  assert.deepEqual([...(await readUnlistedAgents(kernel))], []);
});
