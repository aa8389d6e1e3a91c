import assert from "node:assert/strict";
import { test } from "node:test";
import { changeDatabaseUrl, isReadableOnTheWay, parseDatabaseUrl } from "./database-url.ts";

const urlsOf = (text: string) => parseDatabaseUrl(text).hosts.map(({ url }) => url);

test("parseDatabaseUrl() makes one URL for each host, in both notations, and looks for the one that writes", () => {
  const expected = ["postgresql://u:p%40x@a:5432/roost", "postgresql://u:p%40x@[::1]:6/roost"];
  assert.deepEqual(urlsOf("postgresql://u:p%40x@a:5432,[::1]:6/roost?target_session_attrs=read-write"), expected);
  assert.deepEqual(urlsOf("postgresql://u:p%40x@/roost?host=a,[::1]&port=5432,6"), expected);
  assert.equal(parseDatabaseUrl("postgresql://a,b/roost").mustWrite, true);
  assert.equal(parseDatabaseUrl("postgresql://a,b/roost?target_session_attrs=any").mustWrite, false);
  assert.equal(parseDatabaseUrl("postgresql://a/roost").mustWrite, false);
});

test("parseDatabaseUrl() leaves a socket and what the driver reads as they are, and verifies for every mode of TLS", () => {
  const socket = "postgresql:///roost?host=%2Frun%2Fpg&port=5432&user=roost&sslmode=disable";
  assert.deepEqual(urlsOf(socket), [socket]);
  assert.deepEqual(urlsOf("postgres://u@/db?host=%2Frun"), ["postgres://u@/db?host=%2Frun"]);
  assert.deepEqual(urlsOf("postgresql://a/db?sslmode=require"), ["postgresql://a/db?sslmode=verify-full"]);
  assert.deepEqual(urlsOf("postgresql://a/db?sslmode=no-verify"), ["postgresql://a/db?sslmode=no-verify"]);
});

test("parseDatabaseUrl() refuses what it cannot do, without the URL in the message", () => {
  for (const [text, message] of [
    ["mysql://u:secret@a/db", /must begin with postgresql/],
    ["postgresql://u:secret@a/db?target_session_attrs=standby", /target_session_attrs=standby: Roost writes/],
    ["postgresql://u:secret@a,,b/db", /empty name/],
    ["postgresql://u:secret@/db?host=a,b,c&port=1,2", /3 hosts and 2 ports/],
    [`postgresql://u:secret@${"a,".repeat(17)}b/db`, /18 hosts \(limit 16\)/],
  ] as const)
    assert.throws(
      () => parseDatabaseUrl(text),
      (error: Error) => message.test(error.message) && !error.message.includes("secret"),
    );
});

test("changeDatabaseUrl() keeps the hosts", () => {
  const text = "postgresql://u:p@a:1,b:2/roost?sslmode=verify-full";
  assert.equal(changeDatabaseUrl(text, { database: "x y" }), "postgresql://u:p@a:1,b:2/x%20y?sslmode=verify-full");
  const user = { name: "svc", password: "s/t" };
  const changed = "postgresql://a:1,b:2/roost?sslmode=verify-full&user=svc&password=s%2Ft";
  assert.equal(changeDatabaseUrl(text, { user }), changed);
});

test("isReadableOnTheWay() is true of other machines without TLS", () => {
  const isReadable = (text: string) => parseDatabaseUrl(text).hosts.map(isReadableOnTheWay);
  assert.deepEqual(isReadable("postgresql://db.example,127.0.0.1,localhost:5/x"), [true, false, false]);
  assert.deepEqual(isReadable("postgresql:///x?host=/run"), [false]);
  assert.deepEqual(isReadable("postgresql://db.example/x?sslmode=verify-full"), [false]);
});
