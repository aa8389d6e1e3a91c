import assert from "node:assert/strict";
import { test } from "node:test";
import { maskSecrets } from "./find-secret-line.ts";
import { createPieceMask } from "./create-piece-mask.ts";

function maskIn(content: Buffer, pieceBytes: number): { masked: Buffer; count: number } {
  const mask = createPieceMask();
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) pieces.push(mask.next(content.subarray(at, at + pieceBytes)));
  pieces.push(mask.end());
  return { masked: Buffer.concat(pieces), count: mask.count };
}

test("createPieceMask() leaves out what maskSecrets() does, wherever a piece ends, and keeps all other bytes", () => {
  const key = `-----BEGIN RSA PRIVATE KEY-----\n${"MIIEpAIBAAKC\n".repeat(30)}-----END RSA PRIVATE KEY-----`;
  const text = `caf\u00e9 sk-canary1234567890abcdef\n{"token":"ghp_${"a".repeat(24)}","x":1}\n${key}\nbehind it\n`;
  const content = Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0, 0xfe])]);
  const whole = maskSecrets(content.toString("latin1"));
  assert.equal(whole.count, 3);
  for (const pieceBytes of [1, 7, 64, 500, content.length]) {
    const { masked, count } = maskIn(content, pieceBytes);
    assert.equal(masked.toString("latin1"), whole.text, `pieces of ${pieceBytes}`);
    assert.equal(count, 3);
  }
});

test("createPieceMask() holds no more than a private key back, also of a line without an end and of a key that never ends", () => {
  for (const beginning of ["", "-----BEGIN RSA PRIVATE KEY"]) {
    const mask = createPieceMask();
    mask.next(Buffer.from(beginning));
    assert.ok(mask.next(Buffer.alloc(1_000_000, "x")).length >= 900_000, beginning);
  }
});
