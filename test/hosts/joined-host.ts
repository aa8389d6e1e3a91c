/** A host that joined a test's gateway, with a copy in a directory of its own. Directories stand for machines. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { RoostError } from "@roost/base";
import { createHttpClient } from "@roost/contract/client";
import { hostScopes } from "@roost/contract/operations";
import { roostContract } from "@roost/contract/roost";
import { walkHome } from "@roost/memory/walk-home";
import type { RoostClient } from "../../apps/cli/src/connect.ts";
import { syncCopy, type SyncedCopy } from "../../apps/cli/src/copy/sync-copy.ts";
import type { TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";

export interface JoinedHost {
  homeDir: string;
  client: RoostClient;
  /** `callsMax`: the connection breaks with the answer to the last of them; `unreached`: before this operation. */
  sync(callsMax?: number, unreached?: string): Promise<SyncedCopy | undefined>;
}

class CutOff extends RoostError {
  constructor() {
    super("unavailable", "the connection broke");
  }
}

export async function openDirectory(t: Pick<TestContext, "after">): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "roost-copy-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** `scopes`: beside those that a host has when nothing else is said. */
export async function joinHost(
  gateway: TestGateway,
  name: string,
  homeDir: string,
  scopes: readonly string[] = [],
): Promise<JoinedHost> {
  const { code } = await gateway.client.createPairing({ kind: "host", name, scopes: [...hostScopes, ...scopes] });
  const body = JSON.stringify({ code, host: { name, version: "0.0.1", at: new Date().toISOString() } });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${gateway.url}/pair`, { method: "POST", headers, body });
  const { token } = (await answer.json()) as { token: string };
  const client = createHttpClient(roostContract, { baseUrl: `${gateway.url}/api/v1`, token });
  return {
    homeDir,
    client,
    async sync(callsMax = Infinity, unreached) {
      const cut = cutAfter(client, callsMax, unreached);
      return await syncCopy({ client: cut, homeDir, host: name }).catch((error: unknown) => {
        if (error instanceof CutOff) return undefined;
        throw error;
      });
    },
  };
}

/** What the last call did is done, but its answer is lost: as by a kill in the middle of a pass. */
function cutAfter(client: RoostClient, callsMax: number, unreached: string | undefined): RoostClient {
  let calls = 0;
  return new Proxy(client, {
    get: (target, id) => async (input: never, options: never) => {
      if (id === unreached) throw new CutOff();
      const call = target[id as "listFiles"] as (input: never, options: never) => Promise<unknown>;
      const answer: unknown = await call(input, options);
      calls += 1;
      if (calls >= callsMax) throw new CutOff();
      return answer;
    },
  });
}

export async function contents(homeDir: string): Promise<Map<string, string>> {
  const { files } = await walkHome(homeDir);
  return new Map(
    await Promise.all(files.map(async ({ path, absolute }) => [path, await readFile(absolute, "utf8")] as const)),
  );
}
