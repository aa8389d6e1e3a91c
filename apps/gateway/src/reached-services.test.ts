import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock, type RoostError } from "@roost/base";
import { createForwardCall, type ListedService, type Services } from "@roost/service";
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
    const from = { host, homeAddress: host && "https://attic.example" };
    const service: ListedService & { refusal?: RoostError } = await reachedServices(services, from).directory.find(
      "peeps",
    );
    const { instances: reached, refusal } = service;
    return [reached.map((one) => one.host), refusal?.details?.["address"]];
  };
  assert.deepEqual(await found(), [["attic", "box", "shed"], undefined]);
  assert.deepEqual(await found("box"), [["box", "shed"], undefined]);
  instances = [instance("attic", "[::1]")];
  // It runs, and is listed so.
  assert.deepEqual(await found("box"), [["attic"], "https://attic.example"]);
  instances = [];
  assert.deepEqual(await found("box"), [[], undefined]);
});

test("reachedServices() leaves a call to the home where no instance is within reach, before anything is sent", async () => {
  const instances = [{ id: "one", url: "http://127.0.0.1:9", host: "attic" }];
  const find = async () => ({ name: "peeps", title: "Peeps", reason: null, instances }) as unknown as ListedService;
  const from = { host: "box", homeAddress: "https://attic.example" };
  const { directory, signer } = reachedServices({ directory: { find } } as unknown as Services, from);
  const forward = createForwardCall({ directory, signer, clock: systemClock, logger: silentLogger });
  const request = new Request("http://peeps.invalid/people", { method: "POST", body: "{}" });
  const principal = { id: "owner", kind: "owner", scopes: ["*"] } as const;
  await assert.rejects(forward({ service: "peeps", path: "/people", principal, request }), {
    code: "unavailable",
    message: /^Peeps, which listens on .* ask the gateway there, https:\/\/attic\.example$/,
    details: { needs: "home", address: "https://attic.example", httpStatus: 501 },
  });
  assert.equal(request.bodyUsed, false);
});
