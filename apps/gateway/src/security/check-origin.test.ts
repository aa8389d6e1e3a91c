import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOrigin } from "./check-origin.ts";

const rules = { port: 7717 };

test("checkOrigin() lets the server's own names through, with and without an Origin", () => {
  for (const host of ["127.0.0.1:7717", "localhost:7717", "LOCALHOST:7717", "[::1]:7717"]) {
    checkOrigin(new Headers({ host }), rules);
    checkOrigin(new Headers({ host, origin: `http://${host}` }), rules);
  }
});

test("checkOrigin() refuses hosts that only resolve to this machine", () => {
  for (const host of [
    "evil.example:7717",
    "127.0.0.1.evil.example:7717",
    "localhost",
    "127.0.0.1:80",
    "",
    "a@localhost:7717",
    "localhost:7717:1",
  ]) {
    assert.throws(() => checkOrigin(new Headers(host === "" ? {} : { host }), rules), { code: "forbidden" }, host);
  }
});

test("checkOrigin() refuses pages of other sites", () => {
  for (const origin of [
    "http://evil.example",
    "null",
    "https://localhost:7717",
    "http://localhost:3000",
    "http://localhost:7717.evil.example",
  ]) {
    const headers = new Headers({ host: "localhost:7717", origin });
    assert.throws(() => checkOrigin(headers, rules), { code: "forbidden" }, origin);
  }
});
