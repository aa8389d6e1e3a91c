import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createTestGateway } from "../testing/create-test-gateway.ts";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

test("A part is uploaded as it is, known by its bytes, and fetched as an attachment, in ranges, once", async () => {
  await using gateway = await createTestGateway();
  const content = { mediaType: "text/html", bytes: png };
  const { part } = await gateway.client.uploadPart({ name: "Foto ü.jpg", content });
  const sha256 = createHash("sha256").update(png).digest("hex");
  assert.deepEqual(part, { type: "image", mediaType: "image/png", bytes: 16, sha256, name: "Foto ü.jpg" });
  const get = (headers: Record<string, string> = {}) => gateway.ask(`/api/v1/parts/${sha256}`, { headers });
  const whole = await get();
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), png);
  const names = ["content-type", "etag", "x-content-type-options", "accept-ranges", "content-disposition"];
  assert.deepEqual(
    names.map((name) => whole.headers.get(name)),
    [
      "image/png",
      `"${sha256}"`,
      "nosniff",
      "bytes",
      `attachment; filename="Foto _.jpg"; filename*=UTF-8''Foto%20%C3%BC.jpg`,
    ],
  );
  const range = await get({ range: "bytes=1-3" });
  assert.deepEqual([range.status, await range.text()], [206, "PNG"]);
  assert.equal((await get({ "if-none-match": `"${sha256}"` })).status, 304);
  assert.equal((await get({ authorization: "Bearer nobody" })).status, 401);
  assert.equal((await gateway.ask(`/api/v1/parts/${"0".repeat(64)}`)).status, 404);
});

test("A part of more than 20 MB is refused with 413 and the limit", async () => {
  await using gateway = await createTestGateway();
  const content = { mediaType: "image/png", bytes: new Uint8Array(20 * 1024 * 1024 + 1) };
  await assert.rejects(gateway.client.uploadPart({ content }), { code: "limit_exceeded", message: /20971520 bytes/ });
  assert.deepEqual((await gateway.memory.parts.list()).objects, []);
});
