import assert from "node:assert/strict";
import { test } from "node:test";
import type { Part } from "@roost/contract/part";
import { askOnce, chunkOf, request, serveRaw } from "../models/ask-once.fixture.ts";
import { openModels } from "../models/open-models.ts";
import { RoostError, silentLogger, systemClock } from "@roost/base";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const urlOf = (bytes: Buffer) => `data:image/png;base64,${bytes.toString("base64")}`;

for (const kind of ["openai-compatible", "openrouter"] as const)
  test(`openModels() keeps pictures and sound that a model of kind ${kind} makes, once, and asks for them`, async () => {
    let asked = "";
    await using server = await serveRaw((incoming, response) => {
      asked = String(incoming.headers["content-type"]);
      const image = { type: "image_url", image_url: { url: urlOf(png) } };
      response.write(chunkOf({ role: "assistant", content: "", images: [image] }));
      response.write(chunkOf({ audio: { id: "a", data: Buffer.from("abcd").toString("base64") } }));
      response.write(chunkOf({ audio: { data: Buffer.from("ef").toString("base64"), transcript: "Hello" } }));
      response.end(`${chunkOf({}, "stop")}data: [DONE]\n\n`);
    });
    let body: Record<string, unknown> = {};
    const models = openModels({
      providers: [{ kind, id: "a", baseUrl: server.url, model: "m", apiKey: "k", output: ["image", "audio"] }],
      clock: systemClock,
      logger: silentLogger,
      fetch: async (input, init) => {
        body = JSON.parse(String(init?.body)) as Record<string, unknown>;
        return await fetch(input, init);
      },
    });
    const kept: { name: string; bytes: Buffer }[] = [];
    const keepPart = async ({ name, bytes }: { name: string; bytes: Uint8Array }): Promise<Part> => {
      kept.push({ name, bytes: Buffer.from(bytes) });
      return { type: "file", mediaType: "a/b", bytes: bytes.byteLength, sha256: String(kept.length).repeat(64), name };
    };
    const { signal } = new AbortController();
    const outcome = await models.call({ ...request, keepPart }, { signal, step: "model#1" });
    assert.ok(outcome.kind === "message", JSON.stringify(outcome));
    assert.equal(outcome.message.text, "Hello", "what was spoken is its text");
    assert.deepEqual(
      outcome.message.parts?.map(({ name }) => name),
      ["made-1", "made-2"],
    );
    assert.deepEqual(kept[0]?.bytes, png);
    const sound = kept[1]?.bytes;
    assert.equal(sound?.subarray(0, 4).toString(), "RIFF");
    assert.equal(sound?.subarray(44).toString(), "abcdef");
    assert.deepEqual(body["modalities"], ["text", "image", "audio"]);
    assert.match(asked, /json/);
    const without = await models.call(request, { signal, step: "model#1" });
    assert.ok(without.kind === "message" && without.message.parts === undefined);
  });

test("openModels() tells the address of a picture that did not come itself, and what could not be kept", async () => {
  const far = { type: "image_url", image_url: { url: "https://example.com/a.png" } };
  const near = { type: "image_url", image_url: { url: urlOf(png) } };
  await using server = await serveRaw((_incoming, response) => {
    response.write(chunkOf({ role: "assistant", content: "Here it is:" }));
    response.write(chunkOf({ content: [{ type: "text", text: " two" }], images: [far] }));
    response.write(chunkOf({ images: [far, near, near] }));
    response.end(`${chunkOf({}, "stop")}data: [DONE]\n\n`);
  });
  const failures = [new RoostError("limit_exceeded", "the disk is full"), new TypeError("a secret")];
  const outcome = await askOnce(server.url, {}, [], { keepPart: () => Promise.reject(failures.shift()!) });
  assert.ok(outcome.kind === "message", JSON.stringify(outcome));
  const address = "\nhttps://example.com/a.png\n";
  assert.equal(outcome.message.text, `Here it is: two${address}${address}`);
  assert.equal(outcome.message.parts, undefined);
  assert.deepEqual(outcome.leftOut, [
    "The model made made-1 (16 B), which could not be kept: the disk is full",
    "The model made made-2 (16 B), which could not be kept: the log tells why",
  ]);
});
