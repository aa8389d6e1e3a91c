import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAttributedBody } from "./decode-attributed-body.ts";

const body = (size: number[], text: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0x04, 0x0b, 0x84, 0x01, 0x40, 0x84, 0x01, 0x2b, ...size]),
    text,
    Buffer.from([0x86, 0x84]),
  ]);

test("decodeAttributedBody() reads lengths of one, two and four bytes", () => {
  const text = (length: number): Buffer => Buffer.from("ö".repeat(length / 2));
  assert.equal(decodeAttributedBody(body([4], text(4))), "öö");
  assert.equal(decodeAttributedBody(body([0x81, 0x2c, 0x01], text(300)))?.length, 150);
  assert.equal(decodeAttributedBody(body([0x82, 0x70, 0x11, 0x01, 0x00], text(70_000)))?.length, 35_000);
});

test("decodeAttributedBody() gives nothing for bytes that are cut or not of this format", () => {
  const whole = body([4], Buffer.from("text"));
  for (let length = 0; length < 13; length += 1)
    assert.equal(decodeAttributedBody(whole.subarray(0, length)), undefined);
  assert.equal(decodeAttributedBody(Buffer.from("something else")), undefined);
});
