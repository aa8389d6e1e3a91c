/**
 * What gateways sign and know of each other's: sign-ins, codes. Each has an Ed25519 key of its own in a file of its machine and publishes the public
 * one, so that neither a dump of the database nor another gateway can sign in its name.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import type { Clock, Logger } from "@roost/base";
import type { Sql } from "@roost/database";
import { keepFresh } from "../keep-fresh.ts";

export interface Signing {
  /** `<id of the key>.<signature>` */
  sign(text: string): string;
  /** Whether a gateway of the home has signed the text. A host that was put out counts two seconds longer. */
  isSigned(text: string, signature: string): Promise<boolean>;
}

/** A private key for a gateway, as it is kept. */
export function makeSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
}

export function isSigningKey(key: string): boolean {
  try {
    return toPrivateKey(key).asymmetricKeyType === "ed25519";
  } catch {
    return false;
  }
}

function toPrivateKey(key: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(key, "base64"), type: "pkcs8", format: "der" });
}

/** Publishes the public key of this gateway first. */
export async function openSigning(
  { database, clock }: { database: Sql; clock: Clock },
  { key, logger }: { key: string; logger: Logger },
): Promise<Signing> {
  const privateKey = toPrivateKey(key);
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const ownId = idOf(publicKey);
  await database.query("select access.publish_signing_key_1($1)", [publicKey]);
  const read = async () => {
    const rows = await database.query<{ publicKey: Buffer }>(
      `select k.public_key as "publicKey" from access.signing_key k join pg_catalog.pg_roles r on r.rolname = k.role_name where r.rolcanlogin`,
      [],
      { name: "access_read_signing_keys" },
    );
    return new Map(rows.map((row) => [idOf(row.publicKey), toKey(row.publicKey)]));
  };
  const onFailure = (error: unknown) => logger.warn("The keys of gateways could not be read again", { error });
  const known = keepFresh(read, { clock, onFailure });
  return {
    sign: (text) => `${ownId}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`,
    async isSigned(text, signed) {
      const [id = "", signature = ""] = signed.split(".");
      const found = (await known.value()).get(id) ?? (await known.again()).get(id);
      return found !== undefined && verify(null, Buffer.from(text), found, Buffer.from(signature, "base64url"));
    },
  };
}

function idOf(publicKey: Buffer): string {
  return createHash("sha256").update(publicKey).digest("base64url");
}

function toKey(publicKey: Buffer): KeyObject {
  return createPublicKey({ key: publicKey, type: "spki", format: "der" });
}
