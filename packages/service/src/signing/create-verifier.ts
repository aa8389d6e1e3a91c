/** Tells who signed a message: looks up the signer's public key, and keeps it for a while: one that was withdrawn counts for that long still. */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { RoostError, type Clock } from "@roost/base";
import type { Sql } from "@roost/database";
import { z } from "zod";
import type { SignerKind } from "./open-signer.ts";

export interface Signed {
  message: unknown;
  signer: { id: string; kind: SignerKind; name: string };
}

export interface Verifier {
  /** @throws RoostError `unauthenticated` unless a current signer of the home signed it for this purpose */
  verify(purpose: string, text: string): Promise<Signed>;
}

interface KnownSigner {
  kind: SignerKind;
  name: string;
  key: KeyObject;
  expiresAtMs: number;
  lookedAtMs: number;
}

/** Headers of a request have 16 KiB together. */
const textCharsMax = 12_288;
const knownMax = 1_000;
const knownMsMax = 10_000;
const Body = z.tuple([z.uuid(), z.unknown()]);

export function createVerifier(sql: Sql, { clock }: { clock: Clock }): Verifier {
  const known = new Map<string, KnownSigner>();
  const find = async (id: string): Promise<KnownSigner | undefined> => {
    const found = known.get(id);
    const nowMs = clock.nowMs();
    if (found !== undefined && found.expiresAtMs > nowMs && nowMs < found.lookedAtMs + knownMsMax) return found;
    const [row] = await sql.query<{ kind: SignerKind; name: string; key: Buffer; expiresAt: Date }>(
      `select kind, name, public_key as key, expires_at as "expiresAt" from service.find_signer_1($1)`,
      [id],
    );
    if (row === undefined) return void known.delete(id);
    const key = createPublicKey({ key: row.key, format: "der", type: "spki" });
    const signer = { kind: row.kind, name: row.name, key, expiresAtMs: row.expiresAt.getTime(), lookedAtMs: nowMs };
    if (known.size >= knownMax) known.clear();
    known.set(id, signer);
    return signer;
  };
  return {
    async verify(purpose, text) {
      const refusal = () => new RoostError("unauthenticated", `the ${purpose} token is not signed by this home`);
      const [itsPurpose, body, signature] = text.length > textCharsMax ? [] : text.split(".");
      if (itsPurpose !== purpose || body === undefined || signature === undefined) throw refusal();
      const parsed = Body.safeParse(parseJson(Buffer.from(body, "base64url").toString()));
      if (!parsed.success) throw refusal();
      const [id, message] = parsed.data;
      const signer = await find(id);
      const isSigned =
        signer !== undefined &&
        verify(null, Buffer.from(`${purpose}.${body}`), signer.key, Buffer.from(signature, "base64url"));
      if (!isSigned) throw refusal();
      return { message, signer: { id, kind: signer.kind, name: signer.name } };
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Refused by the schema.
  }
}
