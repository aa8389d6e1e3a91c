import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "./listen.ts";

const fetch = () => new Response("here");

test("listen() opens loopback only", async () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "roost.example", ""])
    await assert.rejects(listen({ host, port: 0, fetch }), { code: "forbidden" });
});

test("listen() refuses a port that was asked for and is taken, and finds another when none was", async () => {
  await using first = await listen({ host: "127.0.0.1", port: 0, fetch });
  await assert.rejects(listen({ host: "127.0.0.1", port: first.port, fetch }), { code: "conflict" });
  await using second = await listen({ host: "127.0.0.1", port: undefined, fetch });
  await using third = await listen({ host: "127.0.0.1", port: undefined, fetch });
  assert.notEqual(second.port, third.port);
  assert.equal(await (await globalThis.fetch(third.url)).text(), "here");
});
