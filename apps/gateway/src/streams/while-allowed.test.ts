import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { closeUnlessAllowed, whileAllowed } from "./while-allowed.ts";

test("whileAllowed() ends a stream whose caller is none any more, and none for a passing fault", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let fault: RoostError | undefined;
  const endless = new ReadableStream<Uint8Array>({ start: (source) => source.enqueue(Buffer.from("one")) });
  const allowed = whileAllowed(new Response(endless), async () => {
    if (fault !== undefined) throw fault;
  });
  const reader = allowed.body!.getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "one");
  const more = reader.read();
  let isOver = false;
  void more.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (const code of [undefined, "unavailable"] as const) {
    fault = code === undefined ? undefined : new RoostError(code, "away");
    context.mock.timers.tick(5_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false, `${code}`);
  }
  fault = new RoostError("unauthenticated", "revoked");
  context.mock.timers.tick(5_000);
  await assert.rejects(more);
  const flooded = whileAllowed(new Response(new ReadableStream()), async () => {
    throw new RoostError("limit_exceeded", "revoked, while others try wrong tokens");
  });
  context.mock.timers.tick(5_000);
  await assert.rejects(flooded.text());

  const response = new PassThrough();
  closeUnlessAllowed(response as unknown as ServerResponse, async () => {
    throw new RoostError("unauthenticated", "revoked");
  });
  assert.equal(response.destroyed, false);
  context.mock.timers.tick(5_000);
  await once(response, "close");
});
