import { channelsSchema } from "@roost/channels";
import { applyMigrations, readSchema, type Database } from "@roost/database";
import { hasKafka, migrateKafka } from "@roost/kafka/status";
import { memorySchema } from "@roost/memory";

/**
 * Of a login of a host, which only looks whether the tables that a gateway reads are those of this program. Opening the kernel, access and services
 * looks at theirs.
 * @throws RoostError as applyMigrations
 */
export async function lookAtSchemas(database: Database): Promise<void> {
  for (const schema of [memorySchema, channelsSchema]) await applyMigrations(database, await readSchema(schema));
  if (await hasKafka(database)) await migrateKafka(database);
}
