/** What a home as a person starts it needs to be asked: a model that follows a script, and the API by its port and token. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientOf } from "@roost/contract";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { freePort } from "@roost/base/testing";

/** For startWholeHome. */
export async function scriptedEnvironment(modelUrl: string): Promise<Record<string, string>> {
  return {
    ROOST_PORT: String(await freePort()),
    ROOST_MODEL_URL: modelUrl,
    ROOST_MODEL: "scripted",
    ROOST_MODEL_KEY: "a key of no worth",
  };
}

/** Of the home that was started with this environment. */
export async function wholeHomeClient(
  home: string,
  environment: Record<string, string>,
): Promise<ClientOf<typeof roostContract>> {
  const token = (await readFile(join(home, ".roost/token"), "utf8")).trim();
  return createHttpClient(roostContract, { baseUrl: `http://127.0.0.1:${environment["ROOST_PORT"]}/api/v1`, token });
}
