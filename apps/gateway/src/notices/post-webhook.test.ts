import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createHookKey } from "@roost/access";
import { postWebhook, type Webhook } from "./post-webhook.ts";

const message = { text: "a", level: "info", runId: null, jobId: null, at: "2026-01-01T00:00:00.000Z" };

const key = createHookKey();

const refusalOf = (webhook: Omit<Webhook, "key">) =>
  postWebhook({ key, ...webhook }, message, { idempotencyKey: "k", signal: new AbortController().signal }).then(
    () => assert.fail("it was taken"),
    ({ code, message: reason }: Error & { code: string }) => `${code}: ${reason}`,
  );

test("postWebhook() shows neither the token nor the credentials of the URL in the reason of a failure", async () => {
  const url = "http://127.0.0.1:9/hook";
  assert.match(
    await refusalOf({ url, token: "t0ken\nsecond" }),
    /^invalid_input: The token of the webhook cannot [^0]*$/,
  );
  assert.equal(
    await refusalOf({ url: "http://ada:t0ken@127.0.0.1:9/hook" }),
    "unavailable: The webhook 127.0.0.1:9 cannot be reached: the request failed",
  );
});

test("postWebhook() does not follow a redirect, and says that there was one", async (t) => {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  t.after(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  assert.match(await refusalOf({ url, token: "t0ken" }), /^invalid_input: .* answered with status 307$/);
  assert.equal(count, 1);
});
