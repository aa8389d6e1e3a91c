import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readFileSessions } from "./read-file-sessions.ts";

test("readFileSessions() knows a thread's transcript by its file, and passes over entries of the index that are none", async () => {
  const home = await mkdtemp(join(tmpdir(), "roost-sessions-"));
  try {
    const folder = join(home, "agents/main/sessions");
    await mkdir(folder, { recursive: true });
    const index = {
      "agent:main:telegram:group:42:thread:5": { sessionId: "s9", sessionFile: "/gone/sessions/s9-topic-5.jsonl" },
      "agent:main:main": null,
      "agent:main:odd": { sessionId: 7 },
    };
    await writeFile(join(folder, "sessions.json"), JSON.stringify(index));
    const line = { type: "message", id: "a", parentId: null, message: { role: "user", content: "hi" } };
    await writeFile(join(folder, "s9-topic-5.jsonl"), `${JSON.stringify(line)}\n`);
    const found = await Array.fromAsync(readFileSessions(home, "main", "main"));
    const sessions = found.flatMap((each) =>
      "record" in each && each.record.kind === "session" ? [each.record as unknown as Record<string, unknown>] : [],
    );
    assert.deepEqual(
      sessions.map(({ key }) => key),
      ["channel:openclaw:main:telegram:group:42:thread:5"],
    );
  } finally {
    await rm(home, { recursive: true });
  }
});
