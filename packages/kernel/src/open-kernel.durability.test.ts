import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { openDatabase, openEmbeddedPostgres } from "@roost/database";
import { openKernel } from "./open-kernel.ts";
import { testEvents } from "./testing/test-events.ts";

const note = (id: string) => ({ type: "note.written", id, subject: id.slice(0, 3), data: { n: 1 } });

test("Kernel.append() and transact() keep what they acknowledged through kill -9 of PostgreSQL", async () => {
  const dir = await mkdtemp(join(tmpdir(), "roost-durability-"));
  const acknowledged = new Set<string>();
  const unknown = new Set<string>();
  try {
    for (let round = 0; round < 3; round += 1) {
      await using postgres = await openEmbeddedPostgres({ dir, logger: silentLogger });
      await using database = await openDatabase({
        url: postgres.url,
        applicationName: "durability",
        logger: silentLogger,
      });
      await using kernel = await openKernel({ database, logger: silentLogger, events: testEvents });
      let isKilled = false;
      const write = async (writer: number) => {
        for (let n = 0; ; n += 1) {
          const ids = [0, 1, 2].map((k) => `${writer}${k} ${round} ${n}`);
          try {
            if (writer % 2 === 0) await kernel.append(ids.map(note));
            else await kernel.transact(async (tx) => void ids.map((id) => tx.emit(note(id))));
          } catch {
            for (const id of ids) unknown.add(id);
            return;
          }
          for (const id of ids) acknowledged.add(id);
          // In the middle of everything.
          if (acknowledged.size <= (round + 1) * 300 || isKilled) continue;
          isKilled = true;
          process.kill(postgres.pid, "SIGKILL");
        }
      };
      await Promise.all([0, 1, 2, 3, 4, 5].map(write));
    }
    await using postgres = await openEmbeddedPostgres({ dir, logger: silentLogger });
    await using database = await openDatabase({
      url: postgres.url,
      applicationName: "durability",
      logger: silentLogger,
    });
    const rows = await database.query<{ id: string; topic: string; partition: number; offset: number }>(
      `select id, topic, partition, "offset" from roost.event order by topic, partition, "offset"`,
    );
    const kept = new Set(rows.map((row) => row.id));
    assert.equal(kept.size, rows.length);
    assert.deepEqual(
      [...acknowledged].filter((id) => !kept.has(id)),
      [],
    );
    assert.deepEqual(
      [...kept].filter((id) => !acknowledged.has(id) && !unknown.has(id)),
      [],
    );
    const next = new Map<string, number>();
    for (const { topic, partition, offset } of rows) {
      const name = `${topic}/${partition}`;
      assert.equal(offset, next.get(name) ?? 0);
      next.set(name, offset + 1);
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
