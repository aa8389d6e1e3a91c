/** The webhook that the settings name, with what its messages are signed with. */
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHookKey } from "@roost/access";
import { RoostError, toRoostError } from "@roost/base";
import type { Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import type { Webhook } from "./post-webhook.ts";

const keyFile = join(".roost", "webhook-key");

/** Its secrets are read for each message. Undefined: none is named. */
export function findWebhook(
  { homeDir, settings }: Pick<Memory, "homeDir" | "settings">,
  env: NodeJS.ProcessEnv,
): (() => Promise<Webhook>) | undefined {
  const { webhook } = settings.notify;
  if (webhook === undefined) return undefined;
  const { url, tokenRef, keyRef } = webhook;
  const resolve = (reference: string) => resolveSecret(reference, { homeDir, env });
  return async () => ({
    url,
    key: await (keyRef === undefined ? readWebhookKey(homeDir) : resolve(keyRef)),
    ...(tokenRef !== undefined && { token: await resolve(tokenRef) }),
  });
}

/** Made when it is first needed. */
async function readWebhookKey(homeDir: string): Promise<string> {
  const path = join(homeDir, keyFile);
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known !== undefined && known.trim() !== "") return known.trim();
  try {
    await mkdir(dirname(path), { recursive: true });
    // Of two gateways that make one at the same time, the second takes the first's.
    await using file = await open(path, "wx", 0o600);
    const key = createHookKey();
    await file.writeFile(`${key}\n`);
    await file.sync();
    return key;
  } catch (error) {
    const made = await readFile(path, "utf8").catch(() => "");
    if (made.trim() !== "") return made.trim();
    throw new RoostError("unavailable", `${keyFile} holds no key and cannot be made: ${toRoostError(error).message}`, {
      cause: error,
    });
  }
}
