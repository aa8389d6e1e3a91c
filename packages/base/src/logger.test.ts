import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "./clock.ts";
import { createLogger, silentLogger, type LoggerOptions } from "./logger.ts";
import { RoostError } from "./roost-error.ts";

function record(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const clock = createFakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  const logger = createLogger({ level: "debug", write: (line) => lines.push(line), clock, ...options });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test("createLogger() writes one JSON object per line", () => {
  const { logger, lines, parsed } = record();
  logger.info("started\nwell", { port: 7717, skipped: undefined });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1);
  assert.deepEqual(parsed(), [
    { port: 7717, time: "2026-01-02T03:04:05.006Z", level: "info", message: "started\nwell" },
  ]);
});

test("createLogger() drops lines below its level", () => {
  const { logger, parsed } = record({ level: "warn" });
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  assert.deepEqual(
    parsed().map((line) => line["message"]),
    ["c", "d"],
  );
  const silent = record({ level: "silent" });
  silent.logger.error("e");
  assert.deepEqual(silent.lines, []);
});

test("Logger.child() adds its fields, and its own children's, to every line", () => {
  const { logger, parsed } = record();
  logger.child({ run: "r1" }).child({ step: 2 }).info("x", { step: 3 });
  assert.deepEqual(parsed()[0], { run: "r1", step: 3, time: "2026-01-02T03:04:05.006Z", level: "info", message: "x" });
});

test("createLogger() writes errors with code, stack and cause", () => {
  const { logger, parsed } = record();
  logger.error("failed", {
    error: new RoostError("timeout", "late", { cause: new Error("below"), details: { ms: 5 } }),
  });
  const error = parsed()[0]?.["error"] as { code: string; stack: string; cause: { message: string }; details: unknown };
  assert.equal(error.code, "timeout");
  assert.match(error.stack, /RoostError: late/);
  assert.equal(error.cause.message, "below");
  assert.deepEqual(error.details, { ms: 5 });
});

test("createLogger() hides what is named like a secret, at any depth, and not a session's key or a count of tokens", () => {
  const { logger, lines, parsed } = record();
  logger.info("x", {
    token: "s3cret",
    headers: { authorization: "Bearer s3cret", "set-cookie": "s3cret", accept: "*/*" },
    apiKey: "s3cret",
    ROOST_MODEL_KEY: "s3cret",
    sessionKey: "main",
    idempotencyKey: "k",
    tokens: 12,
    key: "once",
  });
  const line = parsed()[0] as Record<string, unknown>;
  assert.equal(lines[0]?.includes("s3cret"), false);
  assert.deepEqual(
    [line["sessionKey"], line["idempotencyKey"], line["tokens"], line["key"]],
    ["main", "k", 12, "once"],
  );
});

test("createLogger() survives circles, big values, bigint and depth", () => {
  const { logger, lines, parsed } = record();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  let deep: Record<string, unknown> = {};
  for (let depth = 0; depth < 50; depth += 1) deep = { deep };
  const items = Array.from({ length: 10_000 }, (_, index) => index);
  logger.info("x", {
    circle,
    deep,
    items,
    long: "y".repeat(1_000_000),
    big: 12n,
    bytes: new Uint8Array(5),
    when: new Date(0),
  });
  assert.ok((lines[0]?.length ?? 0) < 20_000);
  const line = parsed()[0] as Record<string, unknown>;
  assert.deepEqual(line["circle"], { self: "[circular]" });
  assert.equal(line["big"], "12");
  assert.equal(line["bytes"], "[5 bytes]");
  assert.equal(line["when"], "1970-01-01T00:00:00.000Z");
});

test("createLogger() writes a line for people when asked", () => {
  const { logger, lines } = record({ pretty: true });
  logger.warn("tick late", { job: "blog", why: "was asleep", ms: 12 });
  assert.deepEqual(lines, ['03:04:05.006 warn  tick late job=blog why="was asleep" ms=12\n']);
});

test("silentLogger says nothing and has silent children", () => {
  assert.equal(silentLogger.child({ a: 1 }), silentLogger);
  silentLogger.error("x");
});
