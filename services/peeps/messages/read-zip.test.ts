import assert from "node:assert/strict";
import { test } from "node:test";
import { createZip, type Packed } from "./create-zip.fixture.ts";
import { readZip } from "./read-zip.ts";

const limits = { entriesMax: 3, textBytesMax: 1000, allBytesMax: 1500 };
const all = () => true;

test("readZip() reads the texts that are wanted, and leaves all others packed", async (t) => {
  const path = createZip(
    t,
    { name: "_chat.txt", bytes: Buffer.from("hällo") },
    { name: "film.mp4", bytes: Buffer.alloc(5000) },
  );
  const texts = await readZip(path, (name) => name.endsWith(".txt"), limits);
  assert.deepEqual(
    texts.map(({ path: name, bytes }) => [name, bytes.toString()]),
    [["_chat.txt", "hällo"]],
  );
});

test("readZip() refuses what unpacks to more than its bounds, also where it lies about its size", async (t) => {
  const bomb = Buffer.alloc(5_000_000);
  const refused = async (code: string, words: RegExp, ...files: Packed[]) =>
    await assert.rejects(readZip(createZip(t, ...files), all, limits), { code, message: words });
  await refused("limit_exceeded", /a.txt has 5000000 bytes when it is unpacked \(limit 1000\)/, {
    name: "a.txt",
    bytes: bomb,
  });
  await refused("invalid_input", /cannot be unpacked: too many bytes/, { name: "a.txt", bytes: bomb, said: 10 });
  const half = (name: string) => ({ name, bytes: Buffer.alloc(900) });
  await refused("limit_exceeded", /limit 600/, half("a"), half("b"));
  await refused("limit_exceeded", /has 4 files/, half("a"), half("b"), half("c"), half("d"));
});

test("readZip() refuses names that lead out of the zip, and what is torn or no zip", async (t) => {
  for (const name of ["../../etc/passwd", "/etc/passwd", "C:/x.txt", "a\\..\\b.txt"])
    await assert.rejects(
      readZip(createZip(t, { name, bytes: Buffer.from("x") }), all),
      { code: "invalid_input" },
      name,
    );
  await assert.rejects(readZip("/dev/null", all), { code: "invalid_input", message: /cannot be unpacked/ });
});
