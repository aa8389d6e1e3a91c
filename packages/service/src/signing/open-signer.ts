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

/** A key signs for half of its lifetime; the other half is for verifying its last signatures. */
const keyMsMax = 24 * 3_600_000;

interface Key {
  id: string;
  privateKey: KeyObject;
  usedUntilMs: number;
}

export function openSigner(sql: Sql, { kind, name, clock }: { kind: SignerKind; name: string; clock: Clock }): Signer {
  let current: Promise<Key> | undefined;
  const makeKey = async (): Promise<Key> => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const id = createId();
    // Expired keys are deleted when a new one is added.
    await sql.query(
      `with expired as (delete from service.signer where expires_at < roost.now() - interval '1 day')
       insert into service.signer (id, kind, name, public_key, expires_at)
       values ($1, $2, $3, $4, roost.now() + $5 * interval '1 ms')`,
      [id, kind, name, publicKey.export({ type: "spki", format: "der" }), keyMsMax],
    );
    return { id, privateKey, usedUntilMs: clock.nowMs() + keyMsMax / 2 };
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
