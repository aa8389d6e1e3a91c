import assert from "node:assert/strict";
import { test } from "node:test";
import { createServerHosts, refuseReplica } from "./server-hosts.ts";

const hosts = ["a:1", "b:2", "c:3"].map((name) => ({ name, url: `postgresql://${name}/x` }));

test("connect() goes on to the next host and stays there", async () => {
  const choice = createServerHosts({ hosts, mustWrite: true });
  const tried: string[] = [];
  const attempt = async (url: string) => {
    tried.push(url.slice(13, 14));
    if (url.includes("a:1")) throw new Error("ECONNREFUSED");
    if (url.includes("b:2")) throw refuseReplica();
    return url;
  };
  assert.equal(await choice.connect(attempt), "postgresql://c:3/x");
  await choice.connect(attempt);
  assert.deepEqual(tried, ["a", "b", "c", "c"]);
});

test("connect() does not go on after what every host would say, nor with one host", async () => {
  let count = 0;
  const attempt = async () => {
    count += 1;
    throw new TypeError("not the host");
  };
  await assert.rejects(createServerHosts({ hosts, mustWrite: true }).connect(attempt), TypeError);
  const lost = async () => {
    count += 1;
    throw new Error("ECONNREFUSED");
  };
  await assert.rejects(createServerHosts({ hosts: hosts.slice(0, 1), mustWrite: false }).connect(lost), /ECONNREFUSED/);
  assert.equal(count, 2);
});

test("only() is the host that a connection is on", async () => {
  const choice = createServerHosts({ hosts, mustWrite: true });
  assert.equal(await choice.only({ host: "b", port: 2 }).connect(async (url) => url), "postgresql://b:2/x");
});
