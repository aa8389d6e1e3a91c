/**
 * Signs what a caller brings back later, with the key of this gateway; any gateway of the home takes it. It is bound to the home's token: another one
 * makes all of it invalid.
 */
import { createHmac, randomBytes } from "node:crypto";
import { isSameSecret, type Signing } from "@roost/access";
import { RoostError, type Clock } from "@roost/base";
import type { Token } from "./open-token.ts";

export interface TextSigner {
  /** `<expiry>.<nonce>.<key>.<signature>`. @throws RoostError `unauthenticated` when the home has no token */
  issue(lifetimeMs: number, bound?: string): Promise<{ text: string; expiresMs: number }>;
  /** The nonce of a text that a gateway of the home issued, with the same bond, and that has not expired. */
  verify(text: string, bound?: string): Promise<string | undefined>;
}

export interface TextSignerOptions {
  signing: Signing;
  token: Token;
  clock: Clock;
}

/** `purpose` keeps texts of one kind from being accepted as another, and `bound` those for one place from being accepted at another. */
export function createTextSigner(purpose: string, { signing, token, clock }: TextSignerOptions): TextSigner {
  const toSign = (text: string, { bound, fingerprint }: { bound: string; fingerprint: Buffer }) =>
    [purpose, bound, fingerprint.toString("base64url"), text].join("\n");
  /** Of the time before gateways had keys: browsers keep them for up to 400 days. The home's own gateway alone can tell. */
  const isSignedByToken = async (text: string, { bound, signature }: { bound: string; signature: string }) => {
    const key = await token.hash?.();
    if (key === undefined) return false;
    const expected = createHmac("sha256", key).update([purpose, bound, text].join("\n")).digest();
    return isSameSecret(Buffer.from(signature, "base64url"), expected);
  };
  return {
    async issue(lifetimeMs, bound = "") {
      const expiresMs = clock.nowMs() + lifetimeMs;
      const text = `${expiresMs}.${randomBytes(16).toString("base64url")}`;
      const fingerprint = await token.fingerprint();
      if (fingerprint === undefined)
        throw new RoostError("unauthenticated", "The home has no token, so signing in is not possible");
      return { text: `${text}.${signing.sign(toSign(text, { bound, fingerprint }))}`, expiresMs };
    },
    async verify(given, bound = "") {
      const [expires = "", nonce = "", ...signed] = given.split(".");
      if (!(Number(expires) >= clock.nowMs())) return undefined;
      const text = `${expires}.${nonce}`;
      const [signature = ""] = signed;
      if (signed.length === 1) return (await isSignedByToken(text, { bound, signature })) ? nonce : undefined;
      const fingerprint = await token.fingerprint();
      if (fingerprint === undefined) return undefined;
      return (await signing.isSigned(toSign(text, { bound, fingerprint }), signed.join("."))) ? nonce : undefined;
    },
  };
}
