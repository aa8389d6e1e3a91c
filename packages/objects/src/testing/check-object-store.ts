/** The contract of object stores, as tests that each implementation runs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import type { ObjectRange, ObjectStore } from "../object-store.ts";

export interface CheckObjectStoreOptions {
  /** An empty store whose limit per object is `objectBytesMax`. */
  open: (t: TestContext, options: { objectBytesMax: number }) => Promise<ObjectStore>;
}

const objectBytesMax = 300_000;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const nameOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const absent = "0".repeat(64);

/** Registers the tests. `name` begins their titles. */
export function checkObjectStore(name: string, { open }: CheckObjectStoreOptions): void {
  const check = (behaviour: string, work: (store: ObjectStore) => Promise<void>) => {
    void test(`${name} ${behaviour}`, async (t) => work(await open(t, { objectBytesMax })));
  };

  check("names an object by its SHA-256 and gives the same bytes back", async (store) => {
    for (const bytes of [bytesOf("wren"), new Uint8Array(), new Uint8Array(200_000).fill(7)]) {
      const put = await store.put(bytes);
      assert.deepEqual(put, { sha256: nameOf(bytes), bytes: bytes.byteLength });
      assert.deepEqual(Buffer.from((await store.get(put.sha256)) ?? []), Buffer.from(bytes));
      assert.deepEqual(await readAll(store, put.sha256), Buffer.from(bytes));
      assert.deepEqual(await store.stat(put.sha256), put);
    }
  });

  check("takes a stream", async (store) => {
    async function* pieces() {
      yield bytesOf("wr");
      yield bytesOf("en");
    }
    assert.deepEqual(await store.put(pieces()), { sha256: nameOf(bytesOf("wren")), bytes: 4 });
  });

  check("stores equal bytes once, also when many put them at the same time", async (store) => {
    const puts = await Promise.all(Array.from({ length: 8 }, () => store.put(bytesOf("wren"))));
    assert.deepEqual(new Set(puts.map(({ sha256 }) => sha256)), new Set([nameOf(bytesOf("wren"))]));
    assert.equal((await store.list()).objects.length, 1);
  });

  check("keeps nothing of a stream that fails or is too long", async (store) => {
    async function* failing() {
      yield bytesOf("wr");
      throw new Error("of the stream");
    }
    await assert.rejects(store.put(failing()), /of the stream/);
    await assert.rejects(store.put(new Uint8Array(objectBytesMax + 1)), { code: "limit_exceeded", message: /300000/ });
    assert.deepEqual(await store.list(), { objects: [], next: null });
    await store.put(new Uint8Array(objectBytesMax));
  });

  check("takes what it was told, of any size and piece by piece, and nothing else under its name", async (store) => {
    // Several parts of an upload.
    const bytes = new Uint8Array(18 * 1024 ** 2).map((_, index) => (index >> 16) % 251);
    const expected = { sha256: nameOf(bytes), bytes: bytes.byteLength };
    async function* pieces(last = bytes.byteLength) {
      for (let at = 0; at < last; at += 1_000_000) yield bytes.subarray(at, Math.min(at + 1_000_000, last));
    }
    for (const other of [
      pieces(bytes.byteLength - 1),
      new Uint8Array(bytes.byteLength),
      (async function* () {
        yield* pieces();
        yield bytesOf("more");
      })(),
    ])
      await assert.rejects(store.put(other, expected), { code: "conflict" });
    await assert.rejects(store.put(bytesOf("wren"), { ...expected, bytes: 4 }), { code: "conflict" });
    // One that grows without end is not waited for.
    async function* endless() {
      for (;;) yield* pieces();
    }
    await assert.rejects(store.put(endless(), expected), { code: "conflict", message: /more than its 18874368 bytes/ });
    assert.deepEqual(await store.list(), { objects: [], next: null });
    assert.deepEqual(await store.put(pieces(), expected), expected);
    assert.deepEqual(await store.put(pieces(), expected), expected, "again");
    assert.equal(Buffer.compare(await readAll(store, expected.sha256), bytes), 0);
  });

  check("gives a range of an object", async (store) => {
    const { sha256 } = await store.put(bytesOf("wrens and owls"));
    const read = async (from: number, count: number) => String(await readAll(store, sha256, { from, count }));
    assert.equal(await read(0, 5), "wrens");
    assert.equal(await read(10, 3), "owl");
    assert.equal(await read(10, 100), "owls");
    assert.equal(await read(14, 5), "");
    await assert.rejects(readAll(store, absent, { from: 0, count: 1 }), { code: "not_found" });
  });

  check("says what is not there", async (store) => {
    assert.equal(await store.get(absent), undefined);
    assert.equal(await store.stat(absent), undefined);
    assert.equal(await store.has(absent), false);
    assert.equal(await store.delete(absent), false);
    await assert.rejects(readAll(store, absent), { code: "not_found" });
  });

  check("deletes", async (store) => {
    const { sha256 } = await store.put(bytesOf("wren"));
    assert.equal(await store.delete(sha256), true);
    assert.equal(await store.has(sha256), false);
    assert.equal(await store.delete(sha256), false);
  });

  check("lists every object once, in pages", async (store) => {
    const names: string[] = [];
    for (let index = 0; index < 25; index += 1) names.push((await store.put(bytesOf(`egg ${index}`))).sha256);
    const listed: string[] = [];
    let after: string | null = "";
    while (after !== null) {
      const page = await store.list({ limit: 10, after: after === "" ? undefined : after });
      assert.ok(page.objects.length <= 10);
      listed.push(...page.objects.map(({ sha256 }) => sha256));
      after = page.next;
    }
    assert.deepEqual(listed, names.toSorted());
  });

  check("refuses a name that is none, a path above all, and a limit that is none", async (store) => {
    for (const bad of ["../../etc/passwd", "", absent.slice(1), "F".repeat(64)]) {
      await assert.rejects(store.get(bad), { code: "invalid_input" });
      await assert.rejects(store.delete(bad), { code: "invalid_input" });
    }
    for (const limit of [0, 1001, 1.5]) await assert.rejects(store.list({ limit }), { code: "invalid_input" });
  });
}

async function readAll(store: ObjectStore, sha256: string, range?: ObjectRange): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(sha256, range)) pieces.push(piece);
  return Buffer.concat(pieces);
}
