/** Where a gateway tells programs of the same user its address: `.roost/gateway.json` of the home. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "./roost-error.ts";

export function gatewayFile(homeDir: string): string {
  return join(homeDir, ".roost", "gateway.json");
}

/** @throws RoostError `unavailable` when no gateway is known; the message says how to start one */
export async function readGatewayUrl(homeDir: string): Promise<string> {
  const path = gatewayFile(homeDir);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new RoostError(
      "unavailable",
      `Roost is not running for the home ${homeDir}: start it with roost up (--detach leaves it running), or name another home with ROOST_HOME`,
    );
  }
  const url = urlIn(text);
  if (url !== undefined) return url;
  throw new RoostError("unavailable", `${path} does not name the gateway: restart with roost down, roost up`);
}

function urlIn(text: string): string | undefined {
  try {
    const { url } = JSON.parse(text) as { url?: unknown };
    return typeof url === "string" && URL.canParse(url) ? url.replace(/\/+$/, "") : undefined;
  } catch {
    return undefined;
  }
}
