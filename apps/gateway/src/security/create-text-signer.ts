/** Signs what a caller brings back later, with a key derived from the home's token: another token makes all of it invalid. */
import { createHmac, randomBytes } from "node:crypto";
import { isSameSecret } from "@roost/access";
import { RoostError, type Clock } from "@roost/base";
import type { Token } from "./open-token.ts";

export interface TextSigner {
  /** `<expiry>.<nonce>.<signature>`. @throws RoostError `unauthenticated` when the home has no token */
  issue(lifetimeMs: number, bound?: string): Promise<{ text: string; expiresMs: number }>;
  /** The nonce of a text that was issued here, with the same bond, and has not expired. */
  verify(text: string, bound?: string): Promise<string | undefined>;
}

/** `purpose` keeps texts of one kind from being accepted as another, and `bound` those for one place from being accepted at another. */
export function createTextSigner({
  token,
  clock,
  purpose,
}: {
  token: Token;
  clock: Clock;
  purpose: string;
}): TextSigner {
  const signatureOf = async (text: string, bound: string) => {
    const key = await token.hash();
    const signed = [purpose, bound, text].join("\n");
    return key === undefined ? undefined : createHmac("sha256", key).update(signed).digest();
  };
  return {
    async issue(lifetimeMs, bound = "") {
      const expiresMs = clock.nowMs() + lifetimeMs;
      const text = `${expiresMs}.${randomBytes(16).toString("base64url")}`;
      const signature = await signatureOf(text, bound);
      if (signature === undefined)
        throw new RoostError("unauthenticated", "The home has no token, so signing in is not possible");
      return { text: `${text}.${signature.toString("base64url")}`, expiresMs };
    },
    async verify(given, bound = "") {
      const [expires = "", nonce = "", signature = ""] = given.split(".");
      const expected = await signatureOf(`${expires}.${nonce}`, bound);
      if (expected === undefined || !isSameSecret(Buffer.from(signature, "base64url"), expected)) return undefined;
      return Number(expires) < clock.nowMs() ? undefined : nonce;
    },
  };
}
