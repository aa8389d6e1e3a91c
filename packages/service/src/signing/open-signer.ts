/**
 * Signs short messages for this process. The private key never leaves the process; the public key is in the database until it expires, so that
 * every process of the home can verify.
 */
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createId, type Clock, type JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";

export type SignerKind = "worker" | "gateway" | "service";

export interface Signer {
  /** The message, its owner and its signature, as one header value. `purpose` keeps one kind of message from being used as another. */
  sign(purpose: string, message: JsonValue): Promise<string>;
}

/** Half of its lifetime; the other half is for verifying its last signatures. */
const signingMsMax = 12 * 3_600_000;

interface Key {
  id: string;
  privateKey: KeyObject;
  usedUntilMs: number;
}

/** Makes a public key known to the home for a day. */
export type PublishKey = (id: string, publicKey: Buffer) => Promise<void>;

/** Expired keys are deleted when a new one is added. */
export function publishKeyOf(sql: Sql, { kind, name }: { kind: SignerKind; name: string }): PublishKey {
  return async (id, publicKey) => {
    // The login of a host has no right on the table.
    if (kind !== "service")
      return void (await sql.query(`select service.add_${kind}_signer_1($1, $2, $3)`, [id, name, publicKey]));
    await sql.query(
      `with expired as (delete from service.signer where expires_at < roost.now() - interval '1 day')
       insert into service.signer (id, kind, name, public_key, expires_at)
       values ($1, $2, $3, $4, roost.now() + interval '1 day')`,
      [id, kind, name, publicKey],
    );
  };
}

export function openSigner(publishKey: PublishKey, { clock }: { clock: Clock }): Signer {
  let current: Promise<Key> | undefined;
  const makeKey = async (): Promise<Key> => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const id = createId();
    await publishKey(id, publicKey.export({ type: "spki", format: "der" }));
    return { id, privateKey, usedUntilMs: clock.nowMs() + signingMsMax };
  };
  const keyInUse = async (): Promise<Key> => {
    const key = await (current ??= makeKey());
    if (clock.nowMs() < key.usedUntilMs) return key;
    current = makeKey();
    return current;
  };
  return {
    async sign(purpose, message) {
      const key = await keyInUse().catch((error: unknown) => {
        current = undefined;
        throw error;
      });
      const body = Buffer.from(JSON.stringify([key.id, message])).toString("base64url");
      const signature = sign(null, Buffer.from(`${purpose}.${body}`), key.privateKey).toString("base64url");
      return `${purpose}.${body}.${signature}`;
    },
  };
}
