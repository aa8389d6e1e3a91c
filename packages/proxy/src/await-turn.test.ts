import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { CallQueue } from "@roost/agent";
import { silentLogger } from "@roost/base";
import { awaitTurn } from "./await-turn.ts";
import type { Upstream } from "./upstream.ts";

const small = { id: "small", queuedServer: "attic:8080" } as Upstream;
const turn: AsyncDisposable = { [Symbol.asyncDispose]: async () => undefined };
const busy: CallQueue = {
  async enter(_server, { signal }) {
    await once(signal, "abort");
    throw signal.reason;
  },
};

/** What of a response it needs. */
function responseOf(): ServerResponse {
  return Object.assign(new EventEmitter(), { destroyed: false }) as unknown as ServerResponse;
}

test("awaitTurn() waits for its turn at a small server alone, for so long, and while its caller waits", async () => {
  const ask = (queue: CallQueue, { turnMsMax = 600_000, upstream = small, response = responseOf() } = {}) =>
    awaitTurn(response, upstream, { queue, turnMsMax, logger: silentLogger });
  assert.equal(await ask({ enter: async () => turn }), turn);
  assert.equal(await ask(busy, { upstream: { ...small, queuedServer: undefined } }), undefined);
  assert.equal(await ask(busy, { turnMsMax: 1 }), null);
  const response = responseOf();
  const left = ask(busy, { response });
  response.emit("close");
  assert.equal(await left, null);
  assert.equal(response.listenerCount("close"), 0);
  assert.equal(await ask({ enter: () => Promise.reject(new Error("no database")) }), undefined);
});
