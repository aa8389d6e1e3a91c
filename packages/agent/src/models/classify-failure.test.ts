import assert from "node:assert/strict";
import { test } from "node:test";
import { APICallError } from "@ai-sdk/provider";
import { RoostError } from "@roost/base";
import { classifyFailure } from "./classify-failure.ts";

const nowMs = Date.parse("2026-03-01T00:00:00Z");
const http = (
  statusCode: number,
  message = "no",
  rest: { responseHeaders?: Record<string, string>; responseBody?: string } = {},
) => new APICallError({ message, url: "http://x/v1", requestBodyValues: {}, statusCode, ...rest });

const rows: [status: number, code: string, isRetryable: boolean][] = [
  [400, "invalid_input", false],
  [401, "unauthenticated", true],
  [402, "limit_exceeded", true],
  [403, "forbidden", true],
  [404, "not_found", true],
  [408, "timeout", true],
  [409, "unavailable", true],
  [418, "invalid_input", false],
  [422, "invalid_input", false],
  [429, "unavailable", true],
  [500, "unavailable", true],
  [503, "unavailable", true],
  [504, "timeout", true],
  [529, "unavailable", true],
];
for (const [status, code, isRetryable] of rows) {
  test(`classifyFailure() of HTTP ${status} is ${code}${isRetryable ? ", worth another try" : ""}`, () => {
    const failure = classifyFailure(http(status), { nowMs });
    assert.deepEqual(
      [failure.code, failure.isRetryable, failure.status, failure.mayHaveBilled],
      [code, isRetryable, status, false],
    );
  });
}

const tooLong: [thrown: unknown, size: number | undefined][] = [
  [
    http(400, "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens"),
    128000,
  ],
  [
    http(400, "the request exceeds the available context size (8192 tokens), try increasing it", {
      responseBody: '{"error":{"type":"exceed_context_size_error","n_ctx":8192}}',
    }),
    8192,
  ],
  [http(400, "prompt is too long: 210000 tokens > 200000 maximum"), 200_000],
  [
    http(400, "Provider returned error", {
      responseBody:
        '{"error":{"message":"Provider returned error","metadata":{"raw":"input length and `max_tokens` exceed context limit: context window of 200000"}}}',
    }),
    200000,
  ],
  [http(413, "Request too large"), undefined],
  [http(500, "context size exceeded"), undefined],
  [{ message: "context_length_exceeded", code: "context_length_exceeded" }, undefined],
];
for (const [thrown, size] of tooLong) {
  test(`classifyFailure() sees that the prompt is too long: ${(thrown as Error).message}`, () => {
    const failure = classifyFailure(thrown, { nowMs });
    assert.equal(failure.isContextExceeded, true);
    assert.equal(failure.isRetryable, false);
    assert.equal(failure.contextTokensMax, size);
  });
}

test("classifyFailure() takes a rate limit in tokens for what it is", () => {
  assert.equal(
    classifyFailure(http(429, "Rate limit: too many tokens per minute"), { nowMs }).isContextExceeded,
    false,
  );
});

test("classifyFailure() reads Retry-After in seconds, as a date and in ms, up to a day", () => {
  const of = (responseHeaders: Record<string, string>) =>
    classifyFailure(http(429, "slow down", { responseHeaders }), { nowMs }).retryAfterMs;
  assert.equal(of({ "retry-after": "12" }), 12_000);
  assert.equal(of({ "retry-after": "Sun, 01 Mar 2026 00:01:00 GMT" }), 60_000);
  assert.equal(of({ "retry-after-ms": "250" }), 250);
  assert.equal(of({ "retry-after": "99999999" }), 86_400_000);
  assert.equal(of({ "retry-after": "soon" }), undefined);
  assert.equal(of({}), undefined);
  const told = (text: string, status = 429) =>
    classifyFailure(http(status, "slow down", { responseBody: text }), { nowMs }).retryAfterMs;
  assert.equal(told('{"error":{"details":[{"@type":"RetryInfo","retryDelay":"37s"}]}}'), 37_000);
  assert.equal(told("Please try again in 7m12.5s. Need more tokens?"), 432_500);
  assert.equal(told("Please try again in 250ms."), 250);
  assert.equal(told("Rate limit is exceeded. Try again in 21 seconds."), 21_000);
  assert.equal(told("please try again in a while"), undefined);
  assert.equal(told("try again in 21 seconds", 400), undefined);
});

test("classifyFailure() reads the status inside a stream's error", () => {
  assert.equal(classifyFailure({ message: "overloaded", code: 503 }, { nowMs }).status, 503);
  assert.equal(classifyFailure({ message: "rate limited", code: "429" }, { nowMs }).status, 429);
  assert.equal(classifyFailure("something broke", { nowMs }).isRetryable, true);
});

test("classifyFailure() knows time limits, the wire and limits of ours", () => {
  assert.equal(classifyFailure(new RoostError("timeout", "too slow"), { nowMs }).code, "timeout");
  assert.equal(
    classifyFailure(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), { nowMs }).mayHaveBilled,
    false,
  );
  assert.equal(
    classifyFailure(Object.assign(new Error("reset"), { code: "ECONNRESET" }), { nowMs }).mayHaveBilled,
    true,
  );
  assert.equal(classifyFailure(new RoostError("limit_exceeded", "too long"), { nowMs }).isRetryable, false);
});

test("classifyFailure() hides the key and cuts long messages", () => {
  const { message } = classifyFailure(http(401, `bad key sk-abcdef ${"x".repeat(5000)}`), {
    nowMs,
    secrets: ["sk-abcdef"],
  });
  assert.ok(!message.includes("sk-abcdef"));
  assert.ok(message.length < 600);
});
