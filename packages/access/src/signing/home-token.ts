/** The home's token in the database: a fingerprint by which gateways without its file know it. A token of Roost's own making is random, so that nothing slower is needed. */
import { createHash } from "node:crypto";
import type { Sql } from "@roost/database";

/** SHA-256 of the token's SHA-256. */
export function fingerprintOf(tokenHash: Uint8Array): Buffer {
  return createHash("sha256").update(tokenHash).digest();
}

/** Undefined: the home has no token. */
export async function recordHomeToken(sql: Sql, fingerprint: Buffer | undefined): Promise<void> {
  await sql.query(
    `insert into access.home_token as t (fingerprint) values ($1)
     on conflict (is_only) do update set fingerprint = excluded.fingerprint where t.fingerprint is distinct from excluded.fingerprint`,
    [fingerprint?.toString("hex") ?? null],
  );
}

export async function readHomeToken(sql: Sql): Promise<Buffer | undefined> {
  const [row] = await sql.query<{ fingerprint: string | null }>("select fingerprint from access.home_token", [], {
    name: "access_read_home_token",
  });
  return row?.fingerprint == null ? undefined : Buffer.from(row.fingerprint, "hex");
}
