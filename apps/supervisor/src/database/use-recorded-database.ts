import { RoostError } from "@roost/base";
import { ownDatabase, readHomeDatabase, resolveDatabaseUrl } from "@roost/memory/home-database";
import type { SupervisorConfig } from "../config.ts";

/** DATABASE_URL, where it is set, else what the last move of the home's database recorded. @throws RoostError `invalid_input` */
export async function useRecordedDatabase(config: SupervisorConfig): Promise<SupervisorConfig> {
  const { databaseUrl, environment: env, homeDirectory: homeDir } = config;
  const known = await readHomeDatabase(homeDir);
  if (databaseUrl !== undefined || known === undefined || known.url === ownDatabase) return config;
  const url = await resolveDatabaseUrl(known.url, { env, homeDir });
  if (url === undefined || url === "")
    throw new RoostError("invalid_input", `${known.url} is empty: it must hold the URL of the home's database`);
  // The children tell by it that the database is not the bundled one.
  return { ...config, databaseUrl: url, environment: { ...env, DATABASE_URL: url } };
}
