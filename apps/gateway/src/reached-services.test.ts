import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListedService, Services } from "@roost/service";
import { reachedServices } from "./reached-services.ts";

test("reachedServices() leaves out what listens on the loopback of another machine than the joined host's", async () => {
  const instance = (host: string, address: string) => ({
    id: host,
    url: `http://${address}:9`,
    host,
    pid: 1,
    startedAt: "2026-01-01T00:00:00.000Z",
  });
  let instances = [instance("attic", "127.0.0.1"), instance("box", "127.0.0.1"), instance("shed", "10.0.0.7")];
  const find = async () => ({ name: "peeps", reason: null, instances }) as unknown as ListedService;
  const services = { directory: { find } } as unknown as Services;
  const found = async (host?: string) => {
    const { reason, instances: reached } = await reachedServices(services, host).directory.find("peeps");
    return [reached.map((one) => one.host), reason?.slice(0, 15) ?? null];
  };
  assert.deepEqual(await found(), [["attic", "box", "shed"], null]);
  assert.deepEqual(await found("box"), [["box", "shed"], null]);
  instances = [instance("attic", "[::1]")];
  assert.deepEqual(await found("box"), [[], "it listens on t"]);
  instances = [];
  assert.deepEqual(await found("box"), [[], null]);
});
