import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import { callBytesMax, createBodyReader } from "./create-body-reader.ts";

function bodyOf(text: string): IncomingMessage {
  const headers = { "content-type": "application/json" };
  return Object.assign(Readable.from([Buffer.from(text)]), { headers }) as unknown as IncomingMessage;
}

test("createBodyReader() holds no more of one caller, and of all, than fits in memory, until it is released", async () => {
  const bodies = createBodyReader();
  const large = `{"a":"${"x".repeat(callBytesMax - 8)}"}`;
  const held = [];
  for (const caller of ["a", "a", "b"]) held.push(await bodies.read(bodyOf(large), caller));
  await assert.rejects(bodies.read(bodyOf("{}"), "a"), { code: "unavailable", message: /Too many large calls/ });
  assert.deepEqual((await bodies.read(bodyOf('{"b":1}'), "b")).body, { b: 1 });
  held.push(await bodies.read(bodyOf(large.replace("xxxxxxxx", "")), "b"));
  await assert.rejects(bodies.read(bodyOf('{"c":123456}'), "c"), { code: "unavailable" });
  for (const { release } of held) release();
  for (const { release } of held) release();
  assert.equal((await bodies.read(bodyOf(large), "a")).text.length, callBytesMax);
});
