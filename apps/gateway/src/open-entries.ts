/** Who may enter and how: tokens, what is signed for browsers, webhooks that come in, and what hosts that run workers are told. */
import { openAccess, renewHostLogins } from "@roost/access";
import { hasKafka, migrateKafka } from "@roost/kafka/status";
import type { Memory } from "@roost/memory";
import type { GatewayConfig } from "./config.ts";
import type { HostPlace } from "./security/host-place.ts";
import { openOwnSigning } from "./security/open-own-signing.ts";
import { openOwnHooks } from "./serve-hooks.ts";

export async function openEntries(
  memory: Memory,
  { config, homeId, homeAddress }: { config: GatewayConfig; homeId: string; homeAddress: string | undefined },
) {
  const { kernel, logger } = memory;
  const access = await openAccess(kernel, { logger });
  if (homeAddress === undefined) {
    // A relay on another host has a login that makes no tables.
    if (await hasKafka(kernel.database)) await migrateKafka(kernel.database);
    await renewHostLogins(kernel.database, { homeId });
  }
  // Of the children of a home with a PostgreSQL of its own only the supervisor's variable is set.
  const databaseUrl = config.DATABASE_URL === undefined ? undefined : config.databaseUrl;
  const hostPlace: HostPlace = { homeId, databaseUrl, objects: config.OBJECTS_URL, homeAddress };
  const signing = await openOwnSigning(memory);
  const hooks = openOwnHooks(memory, { environment: config.environment, isElsewhere: homeAddress !== undefined });
  return { access, signing, hooks, hostPlace };
}
