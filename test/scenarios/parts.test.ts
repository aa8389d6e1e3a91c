/** A photo on its way: uploaded at the front door, named by a message, shown to the model as an image, kept in the transcript, fetched again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { startScene } from "./start-scene.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("A photo that a message names reaches the model as an image_url, and the transcript keeps it", async () => {
  await using scene = await startScene({
    script: () => (request) => (JSON.stringify(request.body).includes("image_url") ? "A dot" : "I see nothing"),
  });
  const { home, model } = scene;
  const content = { mediaType: "application/octet-stream", bytes: png };
  const { part } = await home.api.uploadPart({ name: "dot.png", content });
  const parts = [{ sha256: part.sha256! }];
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text: "What is on it?", parts });
  const { state, text } = await hearEnd(home, runId);
  assert.deepEqual([state, text], ["done", "A dot"]);
  const sent = model.requests.at(-1)?.body["messages"] as unknown as {
    content: { type: string; image_url?: { url: string } }[];
  }[];
  const image = sent.at(-1)?.content.find(({ type }) => type === "image_url");
  assert.equal(image?.image_url?.url, `data:image/png;base64,${png.toString("base64")}`);

  const { messages } = await home.api.getSession({ sessionKey: "main" });
  const [kept] = messages.items.find(({ role }) => role === "user")?.parts ?? [];
  assert.deepEqual(
    [kept?.name, kept?.mediaType, kept?.labels?.includes("trust:owner")],
    ["dot.png", "image/png", true],
  );
  assert.deepEqual(Buffer.from((await home.api.getPart({ sha256: part.sha256! })).bytes), png);
});
