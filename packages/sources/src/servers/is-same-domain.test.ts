import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameDomain } from "./is-same-domain.ts";

test("isSameDomain() goes by what is registered, not by two labels", () => {
  for (const [host, other, isSame] of [
    ["contacts.icloud.com", "p42-contacts.icloud.com", true],
    ["dav.example.co.uk", "example.co.uk", true],
    ["dav.example.co.uk", "evil.co.uk", false],
    ["mine.synology.me", "dav.mine.synology.me", true],
    ["mine.synology.me", "evil.synology.me", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.1", "192.0.3.1", false],
    ["localhost", "localhost", true],
    ["nas", "evil", false],
  ] as const)
    assert.equal(isSameDomain(host, other), isSame, `${host} ${other}`);
});
