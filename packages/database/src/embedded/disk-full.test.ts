import assert from "node:assert/strict";
import { test } from "node:test";
import { diskFull } from "./disk-full.ts";

test("diskFull() knows every form in which PostgreSQL says that its disk is full, and nothing else", () => {
  for (const said of [
    'could not extend file "base/16387/6111": wrote only 4096 of 8192 bytes at block 0',
    'FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device\nchild process exited',
    'could not create file "x": Disk quota exceeded',
  ])
    assert.match(diskFull(said)?.message ?? "", /^the disk is full: free some space .* and start again \(.*\)$/);
  assert.equal(diskFull("the database system is starting up"), undefined);
});
