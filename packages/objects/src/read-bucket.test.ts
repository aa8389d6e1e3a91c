import assert from "node:assert/strict";
import { test } from "node:test";
import { readBucket } from "./read-bucket.ts";

const key = { AWS_ACCESS_KEY_ID: "GK1", AWS_SECRET_ACCESS_KEY: "hush-hush" };
const read = (url: string, more: Record<string, string> = {}) => readBucket({ ...key, OBJECTS_URL: url, ...more });

test("readBucket() reads a bucket with prefix, endpoint and region, and Amazon's without an endpoint", () => {
  assert.deepEqual(read("s3://roost/homes/one/?endpoint=http://127.0.0.1:3900&region=garage"), {
    endpoint: "http://127.0.0.1:3900",
    name: "roost",
    prefix: "homes/one/",
    region: "garage",
    accessKeyId: "GK1",
    secretAccessKey: "hush-hush",
  });
  const amazon = read("s3://roost", { AWS_REGION: "eu-central-1" });
  assert.deepEqual([amazon?.endpoint, amazon?.prefix], ["https://s3.eu-central-1.amazonaws.com", ""]);
  assert.equal(readBucket({ OBJECTS_URL: " " }), undefined);
  assert.equal(readBucket({ ...key, OBJECTS_FROM_URL: "s3://old" }, "OBJECTS_FROM_URL")?.name, "old");
});

test("readBucket() refuses what it cannot use, naming the variable and never a secret", () => {
  for (const [url, message] of [
    ["/var/objects", /OBJECTS_URL must be like s3:/],
    ["https://roost.s3.amazonaws.com", /must be like s3:/],
    ["s3://GK1:hush-hush@roost", /holds a key/],
    ["s3://Roost_1", /names no bucket/],
    ["s3://", /names no bucket/],
    ["s3://roost/a%2Fb", /prefix/],
    ["s3://roost/a//b", /prefix/],
    [`s3://roost/${"x".repeat(300)}`, /prefix/],
    ["s3://roost?endpoint=ftp://host", /no http/],
    ["s3://roost?endpoint=http://host/path", /more than a host/],
    ["s3://roost?region=a b", /region/],
    ["s3://roost?secret=hush-hush", /parameter "secret"/],
  ] as const) {
    const check = (error: Error & { code: string }) => {
      assert.equal(error.code, "invalid_input", url);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hush-hush/);
      return true;
    };
    assert.throws(() => read(url), check, url);
  }
  assert.throws(() => readBucket({ OBJECTS_URL: "s3://roost" }), { message: /needs AWS_ACCESS_KEY_ID/ });
});
