import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hashOf } from "../disk/read-disk-file.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";

const fixture = fileURLToPath(new URL("./write-until-killed.fixture.ts", import.meta.url));
const roundCount = 2;

test("writeHomeFile() of processes that are killed at any moment loses no acknowledged line and leaves the log as the disk", async () => {
  await using home = await createTestMemory();
  const acknowledged: string[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    const writers = [0, 1].map((index) =>
      spawn(process.execPath, [fixture, home.test.url, home.homeDir, `writer-${round}-${index}`], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    await Promise.all(
      writers.map(async (writer, index) => {
        const lines = createInterface({ input: writer.stdout });
        let leftCount = 3 + round + index;
        lines.on("line", (line) => {
          acknowledged.push(line);
          leftCount -= 1;
          // Wherever the next write is by then.
          if (leftCount === 0) setTimeout(() => writer.kill("SIGKILL"), (round * 7 + index * 3) % 20);
        });
        await Promise.all([once(writer, "exit"), once(lines, "close")]);
      }),
    );
  }
  // What the server still does for a killed writer holds the path's lock.
  await home.test.database.query(
    "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name like 'writer-%'",
  );
  await scanHome(home.memory);
  const text = await home.read("log.md");
  const lines = text.trim().split("\n");
  assert.equal(new Set(lines).size, lines.length, "a line stands twice");
  assert.deepEqual(
    acknowledged.filter((line) => !lines.includes(line)),
    [],
  );
  const events = (await home.events("home")).filter((event) => event.subject === "log.md");
  assert.deepEqual(
    [...new Set(events.map(({ type }) => type))],
    ["file.written"],
    "nothing is taken for an edit from outside",
  );
  for (const [index, { data }] of events.entries())
    assert.equal(data["previousSha256"], events[index - 1]?.data["sha256"]);
  assert.equal(events.at(-1)?.data["sha256"], hashOf(text));
  assert.equal(events.length, lines.length);
  assert.deepEqual((await readdir(home.homeDir)).toSorted(), [".roost", "log.md"]);
  assert.deepEqual(await home.test.database.query("select id from memory.file_intent"), []);
});
