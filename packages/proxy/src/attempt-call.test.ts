import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { Dispatcher } from "undici";
import { attemptCall } from "./attempt-call.ts";
import type { Upstream } from "./upstream.ts";

/** A call at a server that has begun to answer, and whose caller has room for nothing more. */
async function beginUnread() {
  const response = Object.assign(new EventEmitter(), {
    writeHead: () => undefined,
    write: () => false,
    end: () => undefined,
    destroy: () => undefined,
  }) as unknown as ServerResponse;
  const dispatched = Promise.withResolvers<Dispatcher.DispatchHandler>();
  const pool = { dispatch: (_: unknown, handler: Dispatcher.DispatchHandler) => dispatched.resolve(handler) };
  const upstream = { basePath: "", headers: {}, silenceMsMax: 60_000, pool: async () => pool } as unknown as Upstream;
  const end = attemptCall(upstream, {
    path: "/chat/completions",
    body: "{}",
    headers: {},
    response,
    answerHeaders: {},
    filter: undefined,
    startedMs: 0,
  });
  const handler = await dispatched.promise;
  let isPaused = false;
  let isAborted = false;
  const controller = {
    aborted: false,
    pause: () => void (isPaused = true),
    resume: () => void (isPaused = false),
    abort: (reason: Error) => {
      isAborted = true;
      handler.onResponseError!(controller, reason);
    },
  } as unknown as Dispatcher.DispatchController;
  handler.onRequestStart!(controller, {});
  handler.onResponseStart!(controller, 200, {});
  handler.onResponseData!(controller, Buffer.from("a"));
  const finish = () => handler.onResponseEnd!(controller, {});
  return { end, response, isPaused: () => isPaused, isAborted: () => isAborted, finish };
}

test("attemptCall() gives up a caller that stops reading, and waits for one that reads on", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const left = await beginUnread();
  t.mock.timers.tick(59_999);
  assert.deepEqual([left.isPaused(), left.isAborted()], [true, false]);
  t.mock.timers.tick(1);
  assert.ok(left.isAborted());
  const cut = await left.end;
  assert.ok(cut.kind === "answered" && cut.isCut);

  const slow = await beginUnread();
  slow.response.emit("drain");
  t.mock.timers.tick(60_000);
  assert.deepEqual([slow.isPaused(), slow.isAborted()], [false, false]);
  slow.finish();
  const whole = await slow.end;
  assert.ok(whole.kind === "answered" && !whole.isCut);
});
