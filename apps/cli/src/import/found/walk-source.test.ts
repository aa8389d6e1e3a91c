/** Files that are too large for a record. Whole folders: hostile-homes.test.ts. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { takeFile } from "./walk-source.ts";

const piece = 1024 ** 2;
const secret = "sk-canary1234567890abcdef";
const filled = (bytes: number) => "a line of a log\n".repeat(Math.ceil(bytes / 16));

const contents: [what: string, name: string, content: string | Buffer, line: number | undefined][] = [
  ["a secret at the end of its first piece", "first.log", `${secret}\n${filled(3 * piece)}`, 1],
  [
    "a secret of which two pieces have a part",
    "across.log",
    `${filled(piece - 16)}12345678 ${secret}\n${filled(piece)}`,
    65_536,
  ],
  ["a secret in its last line", "last.log", `${filled(2 * piece)}${secret}`, 131_073],
  ["no secret", "none.log", filled(3 * piece), undefined],
  ["no text", "film.bin", Buffer.concat([Buffer.alloc(2 * piece), Buffer.from(`\n${secret}\n`)]), undefined],
];

test("takeFile() reads a large file once, for its whole hash and the first line that looks like a secret", async (t) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "roost-large-"));
  const opened = t.mock.method(fs, "open");
  for (const [what, path, content, line] of contents) {
    const absolute = join(folder.path, path);
    await writeFile(absolute, content);
    opened.mock.resetCalls();
    const found = await Array.fromAsync(takeFile({ ref: path, path, absolute }));
    assert.equal(opened.mock.calls.filter(({ arguments: [file] }) => file === absolute).length, 1, what);
    const secrets = found.flatMap((each) => (each.found === "secret" ? [each.name] : []));
    assert.deepEqual(secrets, line === undefined ? [] : [`${path}:${line}`], what);
    const brought = { sha256: createHash("sha256").update(content).digest("hex"), bytes: Buffer.byteLength(content) };
    const records = found.flatMap((each) => (each.found === "record" ? [each.record] : []));
    assert.deepEqual(
      records.map((record) => (record.kind === "file" ? record.brought : undefined)),
      [brought],
      what,
    );
  }
});
