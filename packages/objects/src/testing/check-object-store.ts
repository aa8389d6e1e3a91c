/** The contract of object stores, as tests that each implementation runs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import type { ObjectStore } from "../object-store.ts";

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

async function readAll(store: ObjectStore, sha256: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(sha256)) pieces.push(piece);
  return Buffer.concat(pieces);
}
