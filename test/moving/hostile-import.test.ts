/** `roost import` of homes with texts that nobody checked: all that can come in does, and the report says the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openMoving } from "./open-moving.ts";

const lines = (...entries: object[]) => `${entries.map((entry) => JSON.stringify(entry)).join("\n")}\n`;
const said = (id: string, text: string) => ({ type: "message", id, message: { role: "user", content: text } });

test("roost import tells of names with NULs and half characters, and they cost neither the report nor an agent", async () => {
  await using moving = await openMoving();
  const { gateway, write, imported, home } = moving;
  await write({
    "openclaw.json": JSON.stringify({
      agents: { list: [{ id: "main" }, { id: "Writer", name: "the\u202e wri\0ter", workspace: "ws", odd: "a\0b" }] },
    }),
    "workspace/SOUL.md": "a soul\n",
    "ws/SOUL.md": "I write\n",
    "agents/main/sessions/a.jsonl": lines(said("m1", "hello"), said("m\0", "of an odd id"), said("\ud800", "of half")),
    "agents/main/sessions/b.jsonl": lines(
      said("m1", "hello"),
      { type: "custom", id: "x", data: "the first" },
      { type: "custom", id: "x", data: "the second" },
    ),
  });
  const report = await imported();
  assert.match(JSON.stringify(report.refused), /m\ufffd.*must not have a NUL/);
  assert.doesNotMatch(JSON.stringify(report.refused), /PostgreSQL|Writer/);
  assert.match(await home("agents/writer.md"), /^---\ntitle: the wri ter\n/);
  const kept = await gateway.memory.kernel.database.query<{ text: string }>(
    "select kept::text as text from memory.imported",
  );
  for (const whole of ["the first", "the second", "a\ufffdb"])
    assert.ok(
      kept.some(({ text }) => text?.includes(whole)),
      whole,
    );
  const again = await imported();
  assert.deepEqual(Object.keys(again.counts["kept"] ?? {}), ["same"]);
});
