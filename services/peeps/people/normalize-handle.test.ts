import assert from "node:assert/strict";
import { test } from "node:test";
import { personLimits } from "../contract/limits.ts";
import { normalizeHandle, type HandleKind } from "./normalize-handle.ts";

function norms(kind: HandleKind, values: string[], region = "SE"): (string | undefined)[] {
  return values.map((value) => normalizeHandle({ kind, value }, { region })?.norm);
}

test("normalizeHandle() gives one number for all its spellings, with the region of the home", () => {
  const spellings = [
    "070-123 45 67",
    "+46 70 123 45 67",
    "0046701234567",
    "\u202a+46\u00a070\u00a01234567\u202c",
    "tel:+46-70-123-45-67",
  ];
  assert.deepEqual(new Set(norms("phone", spellings)), new Set(["+46701234567"]));
  assert.deepEqual(norms("phone", ["(202) 456-1111"], "US"), ["+12024561111"]);
});

test("normalizeHandle() keeps a number that is none as it is written, and apart from others", () => {
  assert.deepEqual(norms("phone", ["+1123456", "99 99"]), ["raw:+1123456", "short:9999"]);
  assert.deepEqual(norms("phone", ["+1 202 456 1111 ext. 12"]), ["+12024561111;ext=12"]);
  assert.deepEqual(norms("phone", ["", " \u200e "]), [undefined, undefined]);
});

test("normalizeHandle() holds short codes, sender names and mailboxes of machines for businesses", () => {
  const isBusiness = (kind: HandleKind, value: string) =>
    normalizeHandle({ kind, value }, { region: "SE" })?.isBusiness;
  for (const value of ["22000", "DHL", "020-12 34 56"]) assert.equal(isBusiness("phone", value), true, value);
  for (const value of ["no-reply@example.org", "Bounces+12@example.org"])
    assert.equal(isBusiness("email", value), true, value);
  for (const value of ["ida@example.org", "newsom@example.org"]) assert.equal(isBusiness("email", value), false, value);
});

test("normalizeHandle() compares addresses in small letters and user names within their service", () => {
  assert.deepEqual(norms("email", ["Ida@Example.ORG", "not an address"]), ["ida@example.org", "raw:not an address"]);
  assert.equal(normalizeHandle({ kind: "username", service: "Telegram", value: "@Ida" })?.norm, "telegram:ida");
});

test("normalizeHandle() gives no form that is longer than a handle may be, and tells long ones apart", () => {
  const long = "\u0130".repeat(personLimits.handleMax - 1);
  for (const kind of ["phone", "email", "username"] as const) {
    const [one, other] = norms(kind, [`${long}a`, `${long}b`]) as [string, string];
    assert.ok(one.length <= personLimits.handleMax && one !== other, one);
    assert.match(one, kind === "username" ? /^im:/ : kind === "email" ? /^raw:/ : /^name:/);
  }
});
