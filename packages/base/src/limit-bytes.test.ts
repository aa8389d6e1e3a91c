import assert from "node:assert/strict";
import { test } from "node:test";
import { limitBytes } from "./limit-bytes.ts";

test("limitBytes() gives all up to the limit, and refuses and leaves the source as soon as there is more", async () => {
  let isLeft = false;
  const left = { [Symbol.dispose]: () => void (isLeft = true) };
  async function* source() {
    using _left = left;
    for (let count = 0; count < 3; count += 1) yield Buffer.from("ab");
    assert.fail("it was read on");
  }
  const refuse = () => new Error("too long");
  const whole = await Array.fromAsync(limitBytes([Buffer.from("ab"), Buffer.from("cd")], { bytesMax: 4, refuse }));
  assert.equal(Buffer.concat(whole).toString(), "abcd");
  await assert.rejects(Array.fromAsync(limitBytes(source(), { bytesMax: 5, refuse })), /^Error: too long$/);
  assert.ok(isLeft);
});
