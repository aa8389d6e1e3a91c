import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { createTestDatabase } from "@roost/database/testing";
import { keepDatabase } from "./keep-database.ts";

test("keepDatabase() waits for a given database that is down, says so once, and goes on when it is there", async () => {
  await using database = await createTestDatabase();
  const scratch = await mkdtemp(join(tmpdir(), "roost-keep-"));
  try {
    const url = new URL(database.url);
    const [realDirectory, port] = [url.searchParams.get("host") ?? "", url.searchParams.get("port") ?? "5432"];
    const directory = join(scratch, "sockets");
    url.searchParams.set("host", directory);
    const told: string[] = [];
    const kept = await keepDatabase({
      url: url.href,
      directory: scratch,
      logger: silentLogger,
      stop: new AbortController().signal,
      onStage: () => undefined,
      onLost(reason) {
        told.push(reason);
        mkdirSync(directory);
        symlinkSync(join(realDirectory, `.s.PGSQL.${port}`), join(directory, `.s.PGSQL.${port}`));
      },
      onBack: () => undefined,
    });
    assert.match(kept.description, /of DATABASE_URL/);
    assert.equal(told.length, 1);
    assert.match(told[0]!, /no connection to PostgreSQL: .*ENOENT.*; waiting for the database of DATABASE_URL/);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
