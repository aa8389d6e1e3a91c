import assert from "node:assert/strict";
import { test } from "node:test";
import type { Database } from "@roost/database";
import { tryMigrations } from "@roost/database/testing/try-migrations";
import { readKernelSchema, readTopic } from "@roost/kernel";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { forgetUnlistedAgents, readUnlistedAgents } from "./unlisted-agents.ts";

test("the migration to closed lists gives each agent that named no tools those that it had, and runs that are under way, too", async () => {
  // Those of the day on which lists were closed, whatever a new home has today.
  const all =
    "read_file write_file list_files search_files view_part use_skill recall remember get_state set_state read_log list_runs read_run list_jobs define_job pause_job run_job reserve_subject once lock unlock http_fetch http_send http_send_keyed read_outside ask_person notify"
      .split(" ")
      .toSorted();
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
      "writer 1": all,
      "writer 2": ["write_file"],
      spare: [],
      "spare 1": [],
      thinker: [],
      "thinker 1": [],
      helper: all,
      // A run that was delegated to it is under way, and has none.
      "helper 1": null,
      "helper 2": all,
      gone: all,
      "gone 1": all,
    });
    const unlisted = await database.query<{ id: string }>("select agent_id as id from roost.unlisted_agent order by 1");
    assert.deepEqual(
      unlisted.map(({ id }) => id),
      ["clerk", "helper", "main", "spare", "thinker"],
    );
    const begun = await database.query<{ agent: string; version: number }>(
      `select r.agent, r.version from roost.run_default r join roost.agent a on a.id = r.agent and a.version = r.version order by 1`,
    );
    assert.deepEqual(begun, [
      { agent: "helper", version: 2 },
      { agent: "main", version: 1 },
    ]);
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
