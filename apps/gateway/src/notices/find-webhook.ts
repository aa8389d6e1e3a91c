/** The webhook that the settings name, with what its messages are signed with. */
import { join } from "node:path";
import { createHookKey } from "@roost/access";
import type { Memory } from "@roost/memory";
import { resolveSecret } from "@roost/memory/settings";
import type { Webhook } from "./post-webhook.ts";
import { readOwnKey } from "../read-own-key.ts";

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
    key: await (keyRef === undefined ? readOwnKey(homeDir, keyFile, createHookKey) : resolve(keyRef)),
    token: tokenRef === undefined ? undefined : await resolve(tokenRef),
  });
}
