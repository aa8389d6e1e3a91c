import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import { stripHeartbeatToken } from "./strip-heartbeat-token.ts";

const long = "The invoice of the hosting company is due tomorrow. ".repeat(8).trim();
const remark = "All quiet, mail checked at nine.";

const heartbeat: [reply: string, delivered: string | undefined][] = [
  ["HEARTBEAT_OK", undefined],
  ["  HEARTBEAT_OK\n", undefined],
  ["HEARTBEAT_OK.", undefined],
  ["HEARTBEAT_OK!!!!", undefined],
  ["**HEARTBEAT_OK**", undefined],
  ["`HEARTBEAT_OK`", undefined],
  ["~~HEARTBEAT_OK~~", undefined],
  ["_HEARTBEAT_OK_", undefined],
  ["<b>HEARTBEAT_OK</b>", undefined],
  ["<p>&nbsp;HEARTBEAT_OK&nbsp;</p>", undefined],
  ["HEARTBEAT_OK HEARTBEAT_OK", undefined],
  [`HEARTBEAT_OK ${remark}`, undefined],
  [`${remark} HEARTBEAT_OK`, undefined],
  [`${remark}\n\nHEARTBEAT_OK 🎉`, undefined],
  [`HEARTBEAT_OK ${remark} HEARTBEAT_OK`, undefined],
  [`HEARTBEAT_OK ${"x".repeat(300)}`, undefined],
  [`HEARTBEAT_OK ${"x".repeat(301)}`, "x".repeat(301)],
  [`HEARTBEAT_OK\n\n${long}`, long],
  [`${long}\n\nHEARTBEAT_OK`, long],
  [`**HEARTBEAT_OK**\n\n${long}`, long],
  [`${long} HEARTBEAT_OK HEARTBEAT_OK.`, `${long}.`],
  [remark, remark],
  [long, long],
  [`I did not answer HEARTBEAT_OK because ${remark}`, `I did not answer HEARTBEAT_OK because ${remark}`],
  [`${remark} HEARTBEAT_OK and more`, `${remark} HEARTBEAT_OK and more`],
  [`${remark} HEARTBEAT_OK.....`, `${remark} HEARTBEAT_OK.....`],
  ["", undefined],
  [" \n ", undefined],
  ["heartbeat_ok", "heartbeat_ok"],
];

for (const [reply, delivered] of heartbeat) {
  test(`stripHeartbeatToken() in a heartbeat: ${JSON.stringify(reply).slice(0, 60)} ${delivered === undefined ? "is dropped" : "is delivered"}`, () => {
    const result = stripHeartbeatToken(reply, { mode: "heartbeat" });
    assert.equal(result.shouldDeliver, delivered !== undefined);
    assert.equal(result.text, delivered ?? "");
  });
}

const message: [reply: string, delivered: string | undefined][] = [
  ["HEARTBEAT_OK", undefined],
  ["**HEARTBEAT_OK**.", undefined],
  [`HEARTBEAT_OK ${remark}`, remark],
  [`${remark} HEARTBEAT_OK`, remark],
  ["The word is HEARTBEAT_OK in the middle of it", "The word is HEARTBEAT_OK in the middle of it"],
  [remark, remark],
];

for (const [reply, delivered] of message) {
  test(`stripHeartbeatToken() in a conversation: ${JSON.stringify(reply)} ${delivered === undefined ? "is dropped" : "is delivered"}`, () => {
    const result = stripHeartbeatToken(reply, { mode: "message" });
    assert.equal(result.shouldDeliver, delivered !== undefined);
    assert.equal(result.text, delivered ?? "");
  });
}

test("stripHeartbeatToken() takes another ackCharsMax, and says whether there was a token", () => {
  assert.equal(stripHeartbeatToken(`HEARTBEAT_OK ${remark}`, { mode: "heartbeat", ackCharsMax: 0 }).text, remark);
  assert.equal(stripHeartbeatToken("HEARTBEAT_OK", { mode: "heartbeat", ackCharsMax: 0 }).shouldDeliver, false);
  assert.equal(stripHeartbeatToken(remark, { mode: "heartbeat" }).hadToken, false);
  assert.equal(stripHeartbeatToken("HEARTBEAT_OK", { mode: "heartbeat" }).hadToken, true);
});

test("stripHeartbeatToken() keeps the lines of what it delivers", () => {
  const list = Array.from({ length: 40 }, (_, index) => `${index + 1}. item number ${index + 1}`).join("\n");
  assert.equal(stripHeartbeatToken(`HEARTBEAT_OK\n${list}`, { mode: "heartbeat" }).text, list);
});

test("stripHeartbeatToken() ends soon on a long text of tags that nothing closes", () => {
  assertEvenGrowth((count) => void stripHeartbeatToken("<a ".repeat(count), { mode: "heartbeat" }), { size: 8_000 });
});
