/** Wakes browsers by the Web Push protocol (RFC 8030), signed as its voluntary identification has it (VAPID, RFC 8292). Nothing of the home is sent. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { join } from "node:path";
import { RoostError, type Clock } from "@roost/base";
import { readOwnKey } from "../read-own-key.ts";

const keyFile = join(".roost", "push-key");
const timeoutMsMax = 15_000;
/** Services allow a day at most. */
const jwtMs = 12 * 3_600_000;
/** What a browser that is off misses after this long, Needs you shows all the same. */
const ttlSeconds = 86_400;
/** The contact that a push service asks for; it is no real address. */
const contact = "mailto:owner@roost.invalid";

/** Where browsers have their push services. Others are refused: otherwise a subscriber could make the gateway call any address. */
const services = ["fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com"];

export function isPushService(endpoint: string): boolean {
  const { protocol, hostname, username, password, port } = new URL(endpoint);
  const isKnown = services.some((service) => hostname === service || hostname.endsWith(`.${service}`));
  return isKnown && protocol === "https:" && username + password === "" && port === "";
}

export interface PushKey {
  privateKey: KeyObject;
  /** An uncompressed point of P-256, in base64url. */
  publicKey: string;
}

/** Made when it is first needed; another one would make all subscriptions void. */
export async function readPushKey(homeDir: string): Promise<PushKey> {
  const text = await readOwnKey(homeDir, keyFile, () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString()
      .trim(),
  );
  const privateKey = createPrivateKey(text);
  const { x = "", y = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { privateKey, publicKey: point.toString("base64url") };
}

export interface SendPush {
  key: PushKey;
  /** The same for all attempts: a service keeps the last of a topic only. */
  id: string;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * `gone`: the browser does not want it any more.
 * @throws RoostError `unavailable` or `timeout` when it may be tried again, `invalid_input` when the service refuses it for good
 */
export async function sendPush(endpoint: string, { key, id, clock, signal }: SendPush): Promise<"sent" | "gone"> {
  const { host, origin } = new URL(endpoint);
  const headers = {
    authorization: `vapid t=${signClaims(key, origin, clock)}, k=${key.publicKey}`,
    ttl: String(ttlSeconds),
    urgency: "high",
    topic: createHash("sha256").update(id).digest("base64url").slice(0, 32),
    "content-length": "0",
  };
  const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMsMax)]);
  const response = await fetch(endpoint, { method: "POST", headers, redirect: "manual", signal: ended }).catch(
    (error: Error) => {
      // Never the text of an error: the address is all that one needs to wake the browser.
      const isLate = error.name === "TimeoutError";
      throw new RoostError(isLate ? "timeout" : "unavailable", `The push service ${host} cannot be reached`, {
        cause: error,
      });
    },
  );
  await response.body?.cancel();
  if (response.ok) return "sent";
  if (response.status === 404 || response.status === 410) return "gone";
  const isPassing = response.status >= 500 || response.status === 429;
  throw new RoostError(
    isPassing ? "unavailable" : "invalid_input",
    `The push service ${host} answered with status ${response.status}`,
  );
}

function signClaims({ privateKey }: PushKey, audience: string, clock: Clock): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const expires = Math.floor((clock.nowMs() + jwtMs) / 1_000);
  const text = `${encode({ typ: "JWT", alg: "ES256" })}.${encode({ aud: audience, exp: expires, sub: contact })}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
