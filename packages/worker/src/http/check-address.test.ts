import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddress } from "./check-address.ts";

const url = new URL("http://somewhere.example:8080/x");

test("checkAddress() lets public addresses through", () => {
  for (const address of ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]) {
    assert.doesNotThrow(() => checkAddress(address, url, { allow: [] }));
  }
});

test("checkAddress() refuses every address that is not public, in each of its spellings", () => {
  const inside = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.7",
    "172.16.3.4",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::12",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "fec0::1",
    "4000::1",
  ];
  for (const address of inside) {
    assert.throws(() => checkAddress(address, url, { allow: [] }), { code: "forbidden" }, address);
  }
});

test("checkAddress() opens what a rule names: host, host and port, address, range", () => {
  for (const rule of ["somewhere.example", "somewhere.example:8080", "127.0.0.1", "127.0.0.0/8"]) {
    assert.doesNotThrow(() => checkAddress("127.0.0.1", url, { allow: [rule] }), rule);
  }
  for (const rule of ["somewhere.example:80", "example", "127.0.0.2", "10.0.0.0/8", "not a rule/99", "::/0"]) {
    assert.throws(() => checkAddress("127.0.0.1", url, { allow: [rule] }), { code: "forbidden" }, rule);
  }
});
