import assert from "node:assert/strict";
import { test } from "node:test";
import { heldHosts } from "./policy-of.ts";

const held = (
  policies: Parameters<typeof heldHosts>[0],
  target: string,
  { tool = "http_send", isAllowed = false } = {},
) => heldHosts(policies, tool, { target, isAllowed });

test("heldHosts() are hosts that the policy in force for them holds back, on the port of the call", () => {
  assert.deepEqual(held({ "http_*@bank.example": "deny" }, "alias.example"), ["bank.example"]);
  const lifted = { "http_*@bank.example": "deny", "http_send@bank.example": "allow" } as const;
  assert.deepEqual(held(lifted, "alias.example"), [], "what is said of the tool itself counts more");
  assert.deepEqual(held(lifted, "alias.example", { tool: "http_fetch" }), ["bank.example"]);
  const onPort = { "http_*@bank.example:8443": "deny" } as const;
  assert.deepEqual(held(onPort, "alias.example:8443"), ["bank.example"]);
  assert.deepEqual(held(onPort, "alias.example"), []);
  assert.deepEqual(held({ "http_*@bank.example:80": "deny" }, "alias.example"), ["bank.example"]);
});

test("heldHosts() are none where a policy names the target itself, and of an allowed call those that are denied", () => {
  const policies = { "http_*@bank.example": "ask", "http_*@vault.example": "deny" } as const;
  assert.deepEqual(held(policies, "alias.example"), ["bank.example", "vault.example"]);
  assert.deepEqual(held(policies, "alias.example", { isAllowed: true }), ["vault.example"]);
  assert.deepEqual(held({ ...policies, "http_send@alias.example": "allow" }, "alias.example"), []);
});
