/**
 * The logins of a joined host: they end when the home's database has moved or the host was put out, and the home's gateway knows which. Asks it
 * for others with the host's token; what runs here finds them in the same files.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError, toRoostError, type Logger } from "@roost/base";
import type { HostLogins, HostNeeds } from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import { openDatabase } from "@roost/database";
import { resolveDatabaseUrl } from "@roost/memory/home-database";
import {
  chooseClientFiles,
  keepHostLogins,
  requireClientFiles,
  writeJoinedHome,
  type JoinedHome,
} from "@roost/memory/joined-home";
import type { SupervisorConfig } from "../config.ts";
import type { ProcessTerminal } from "../terminal/create-terminal.ts";

export interface OpenLoginsOptions {
  config: Pick<SupervisorConfig, "homeDirectory" | "environment" | "databaseUrl">;
  terminal: Pick<ProcessTerminal, "done">;
  logger: Logger;
}

/**
 * Before anything runs: tries the logins, and asks for others if one does not open the database. Returns what does the latter while the host runs; its
 * result is false where a person has chosen the database by DATABASE_URL.
 * @throws RoostError that says what the person can do, `unauthenticated` when the host was put out
 */
export async function openLogins(joined: JoinedHome, options: OpenLoginsOptions): Promise<() => Promise<boolean>> {
  const { homeDirectory: homeDir, environment: env, databaseUrl } = options.config;
  const { terminal, logger } = options;
  const [service] = joined.runs?.services ?? [];
  if (databaseUrl !== undefined && service !== undefined)
    throw new RoostError(
      "invalid_input",
      `DATABASE_URL is set, and service ${service.name} has a login of its own on this host: unset it, and what runs here uses the logins that the home gave`,
    );
  if (databaseUrl !== undefined) return async () => false;
  const renew = async () => {
    const { needs, logins } = await askForLogins(joined, homeDir);
    const clientFiles = chooseClientFiles(needs, joined.runs?.clientFiles ?? {});
    // Those before count no more: what came is kept before anything here is looked at.
    joined.runs = await keepHostLogins(homeDir, { scopes: joined.scopes, needs, logins, clientFiles });
    await writeJoinedHome(homeDir, joined);
    await requireClientFiles(clientFiles, "put the certificate and the key of this machine there, and start it again");
    terminal.done("The home gave this host other logins for its database");
    return true;
  };
  const { workers, schedulers, relay, gateways, services = [] } = joined.runs ?? {};
  const references = new Set([workers, schedulers, relay, gateways, ...services].flatMap((one) => one?.database ?? []));
  try {
    for (const reference of references) {
      const url = await resolveDatabaseUrl(reference, { env, homeDir });
      await using _database = await openDatabase({ url: url!, applicationName: "roost up", logger, poolMax: 1 });
    }
  } catch (problem) {
    logger.warn("a login of this host does not open the home's database", { error: problem });
    await renew().catch((thrown: unknown) => {
      const error = toRoostError(thrown);
      if (error.code !== "unavailable") throw error;
      const { message } = toRoostError(problem);
      throw new RoostError("unavailable", `${message}; and the home cannot be asked: ${error.message}`);
    });
  }
  return renew;
}

async function askForLogins(
  { name, url }: JoinedHome,
  homeDir: string,
): Promise<{ needs: HostNeeds; logins: HostLogins }> {
  const token = (await readFile(join(homeDir, ".roost", "token"), "utf8")).trim();
  const asked = postJson<{ needs: HostNeeds; logins: HostLogins }>(`${url}/api/v1/hosts/logins`, {}, { token });
  return await asked.catch((cause: unknown) => {
    if (toRoostError(cause).code !== "unauthenticated") throw cause;
    throw new RoostError(
      "unauthenticated",
      `host ${name} was put out at its home (roost hosts remove): join again in an empty directory`,
      { cause },
    );
  });
}
