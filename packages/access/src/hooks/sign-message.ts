/** Signatures of webhooks: those of Standard Webhooks (standardwebhooks.com, v1: HMAC-SHA256), and GitHub's. */
import { createHmac, randomBytes } from "node:crypto";
import { isSameSecret } from "../is-same-secret.ts";

const keyPrefix = "whsec_";
const keyBytes = 32;
/** Of signatures in one header: while a key is changed there are two. */
const signaturesMax = 10;

/** A new key, as both kinds of senders take it. */
export function createHookKey(): string {
  return keyPrefix + randomBytes(keyBytes).toString("base64");
}

export interface SignedMessage {
  id: string;
  /** Seconds since 1970, as it stands in the header. */
  timestamp: string;
  body: string | Uint8Array;
}

/** The value of the header `webhook-signature`. */
export function signMessage(key: string, message: SignedMessage): string {
  return `v1,${hmacOf(bytesOfKey(key), [`${message.id}.${message.timestamp}.`, message.body]).toString("base64")}`;
}

/** Whether one of the signatures of the header is that of the message. */
export function isSignedMessage(key: string, message: SignedMessage, header: string): boolean {
  const expected = Buffer.from(signMessage(key, message));
  return header.split(" ", signaturesMax).some((given) => isSameSecret(Buffer.from(given), expected));
}

/** Whether the header `X-Hub-Signature-256` is that of the body. GitHub takes the key as it is written. */
export function isSignedByGithub(key: string, body: Uint8Array, header: string): boolean {
  const expected = Buffer.from(`sha256=${hmacOf(Buffer.from(key), [body]).toString("hex")}`);
  return isSameSecret(Buffer.from(header), expected);
}

/** After the prefix the key is base64; one without the prefix counts as base64 too, as the libraries have it. */
function bytesOfKey(key: string): Buffer {
  return Buffer.from(key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : key, "base64");
}

function hmacOf(key: Buffer, parts: readonly (string | Uint8Array)[]): Buffer {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
