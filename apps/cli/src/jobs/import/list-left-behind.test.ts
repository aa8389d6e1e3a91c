import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { listLeftBehind } from "./list-left-behind.ts";

test("listLeftBehind() names what an import of jobs does not bring, and nothing of what is not there", async () => {
  const home = await mkdtemp(join(tmpdir(), "roost-import-"));
  try {
    assert.deepEqual(await listLeftBehind(home), []);
    assert.deepEqual(await listLeftBehind(join(home, "absent")), []);
    for (const [name, text] of Object.entries({
      "openclaw.json": `{
        // a comment
        agents: { defaults: { heartbeat: { every: "30m", target: "last" } },
          list: [{ id: "writer", workspace: "/w" }, { id: "main" }], },
      }`,
      "workspace/BOOTSTRAP.md": "",
      "workspace/memory/2026-03-01.md": "",
      "workspace/memory/2026-03-01-talk.md": "",
      "skills/curl/SKILL.md": "",
      "agents/main/sessions/1.jsonl": "",
    })) {
      await mkdir(dirname(join(home, name)), { recursive: true });
      await writeFile(join(home, name), text);
    }
    const lines = await listLeftBehind(home);
    for (const said of [
      /writer \(\/w\)/,
      /"every":"30m"/,
      /BOOTSTRAP/,
      /: 2026-03-01-talk\.md$/m,
      /curl/,
      /1 transcript of/,
    ])
      assert.match(lines.join("\n"), said);
    await writeFile(join(home, "openclaw.json"), "{ broken");
    assert.match((await listLeftBehind(home)).join("\n"), /openclaw\.json: it cannot be read/);
    await writeFile(join(home, "openclaw.json"), "{ agents: { list: [{ id: 7 }] } }");
    assert.match(
      (await listLeftBehind(home)).join("\n"),
      /openclaw\.json: agents\.list\[0\]\.id must be a text, not a number/,
    );
  } finally {
    await rm(home, { recursive: true });
  }
});
