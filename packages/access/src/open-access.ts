/**
 * The tokens in force, in memory: a call's token is found without asking the database. Looked at again once a second while there are calls, and for a
 * token that is not found, which another process may just have made.
 */
import type { Logger } from "@roost/base";
import { applyMigrations, readSchema, type SchemaFiles } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { hashToken } from "./create-token.ts";
import { keepFresh } from "./keep-fresh.ts";
import { revokeToken } from "./list-tokens.ts";
import { tokenColumns, tokenPrefix, type AccessToken } from "./access-token.ts";

export const accessSchema: SchemaFiles = { schema: "access", directory: new URL("./migrations/", import.meta.url) };

export interface AccessTokens {
  readonly kernel: Kernel;
  /** The token in force with this text. One that was revoked counts two seconds longer where another process revoked it. */
  find(text: string): Promise<AccessToken | undefined>;
  /** The token in force with this id, as find(). */
  findById(id: string): Promise<AccessToken | undefined>;
  /** Ends a token, at once here. Repeating it changes nothing. */
  revoke(id: string, options: { by: string }): Promise<void>;
  /** Call it after a change, so that it counts at once here. */
  forget(): void;
  /** Records when tokens were last seen. To be called now and then. */
  recordSeen(): Promise<void>;
}

export function isAccessToken(text: string): boolean {
  return text.startsWith(tokenPrefix);
}

export async function openAccess(kernel: Kernel, { logger }: { logger: Logger }): Promise<AccessTokens> {
  await applyMigrations(kernel.database, await readSchema(accessSchema));
  const { clock, database } = kernel;
  const seen = new Map<string, number>();
  const read = async () => {
    const rows = await database.query<AccessToken & { sha256: string }>(
      `select ${tokenColumns}, sha256 from access.token where revoked_at is null`,
      [],
      { name: "access_read_tokens" },
    );
    const byHash = new Map(rows.map(({ sha256, ...token }) => [sha256, token]));
    return { byHash, byId: new Map([...byHash.values()].map((token) => [token.id, token])) };
  };
  const onFailure = (error: unknown) => logger.warn("The access tokens could not be read again", { error });
  const { value, again, forget } = keepFresh(read, { clock, onFailure });
  const find = async (by: "byHash" | "byId", key: string) => {
    const token = (await value())[by].get(key) ?? (await again())[by].get(key);
    if (token !== undefined) seen.set(token.id, clock.nowMs());
    return token;
  };

  return {
    kernel,
    find: (text) => find("byHash", hashToken(text)),
    findById: (id) => find("byId", id),
    async revoke(id, { by }) {
      await revokeToken(kernel, { token: id, by });
      forget();
    },
    forget,
    async recordSeen() {
      if (seen.size === 0) return;
      const rows = [...seen].map(([id, ms]) => ({ id, at: new Date(ms).toISOString() }));
      seen.clear();
      await database.query(
        `update access.token t set last_seen_at = greatest(t.last_seen_at, r.at)
         from jsonb_to_recordset($1::jsonb) as r(id uuid, at timestamptz) where t.id = r.id`,
        [JSON.stringify(rows)],
      );
    },
  };
}
