import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { ThirdPartyOperationRecord, ThirdPartyRecord } from "@roost/contract/operations";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const operation = (operationId: string) => ({
  operationId,
  summary: `Does ${operationId}`,
  responses: { "200": { description: "done" } },
});
const document = {
  openapi: "3.0.0",
  info: { title: "Acme Weather API", version: "1" },
  servers: [{ url: "https://acme.example" }],
  paths: {
    "/weather": { get: operation("getWeather"), post: operation("postWeather") },
    "/alarms": { post: operation("postAlarm") },
  },
};

/** Keeps what it is given, as the real one does. */
async function serve() {
  const stored = new Map<
    string,
    { thirdParty: ThirdPartyRecord; operations: ThirdPartyOperationRecord[]; document: Record<string, unknown> }
  >();
  const find = (name: string) => {
    const found = stored.get(name);
    if (found === undefined) throw new RoostError("not_found", `There is no third-party service "${name}"`);
    return found;
  };
  const gateway = await serveGateway({
    listServices: () => ({ items: [], next: null }),
    listThirdParties: () => ({ items: [...stored.values()].map(({ thirdParty }) => thirdParty), next: null }),
    getThirdParty: ({ name }) => find(name),
    putThirdParty: ({ document: given, ...rest }) => {
      const paths = Object.entries(given["paths"] as Record<string, Record<string, Record<string, string>>>);
      const operations = paths.flatMap(([path, item]) =>
        Object.entries(item).map(([method, each]) => ({
          id: each["operationId"]!,
          method: method.toUpperCase(),
          path,
          summary: each["summary"]!,
          effect: each["x-roost-effect"] as "unsafe",
        })),
      );
      const thirdParty = { ...rest, hash: "h", operationCount: operations.length, addedAt: new Date().toISOString() };
      const change = stored.has(rest.name) ? "changed" : "created";
      stored.set(rest.name, { thirdParty, operations, document: given });
      return { thirdParty, change };
    },
    removeThirdParty: ({ name }) => {
      const { thirdParty } = find(name);
      stored.delete(name);
      return { thirdParty };
    },
  });
  return { gateway, stored };
}

test("roost service add reads a file or an address, chooses operations, keeps what was chosen, and is undone by remove", async (context) => {
  const { gateway, stored } = await serve();
  await using _gateway = gateway;
  const directory = await mkdtemp(join(tmpdir(), "roost-third-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "acme.json");
  await writeFile(path, JSON.stringify(document));
  const run = (...args: string[]) => runRoost(["service", ...args], { url: gateway.url });
  const added = await run(
    "add",
    path,
    "--only",
    "*Weather",
    "--effect",
    "postWeather=idempotent",
    "--secret",
    "bearer=env:ACME",
  );
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /^acme-weather created: 2 operations at https:\/\/acme\.example/);
  assert.match(added.stderr, /services: \[acme-weather\]/);
  assert.deepEqual(stored.get("acme-weather")?.thirdParty.secrets, [{ scheme: "bearer", reference: "env:ACME" }]);

  // A later version of the document, from an address.
  const { "/alarms": _, ...paths } = document.paths;
  const site = createServer((_request, response) =>
    response.end(JSON.stringify({ ...document, paths: { ...paths, "/new": { get: operation("getNew") } } })),
  );
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  context.after(() => site.close());
  const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/openapi.json`;
  assert.match((await run("add", address)).stdout, /^acme-weather changed: 2 operations/);
  const again = stored.get("acme-weather")!;
  assert.deepEqual(
    again.operations.map(({ id, effect }) => [id, effect]),
    [
      ["getWeather", "readonly"],
      ["postWeather", "idempotent"],
    ],
  );
  assert.deepEqual(
    [again.thirdParty.source, again.thirdParty.secrets],
    [address, [{ scheme: "bearer", reference: "env:ACME" }]],
  );

  assert.match((await run("list")).stdout, /acme-weather +elsewhere/);
  assert.match(
    (await run("show", "acme-weather")).stdout,
    /secret +bearer from env:ACME[\s\S]*postWeather +idempotent +POST \/weather/,
  );
  assert.match((await run("remove", "acme-weather")).stdout, /acme-weather removed/);
  assert.equal(stored.size, 0);
  const refused: [string[], RegExp][] = [
    [[path, "--effect", "postWeather=often"], /give ID=readonly, ID=idempotent or ID=unsafe/],
    [[path, "--secret", "hunter2"], /^(?![^]*hunter2)[^]*give SCHEME=REFERENCE/],
    [[path, "--only", "nothing"], /no operation "nothing"/],
    [[join(directory, "none.json")], /cannot be read: there is no such file/],
  ];
  for (const [args, message] of refused) {
    const end = await run("add", ...args);
    assert.notEqual(end.code, 0);
    assert.match(end.stderr, message);
  }
});
