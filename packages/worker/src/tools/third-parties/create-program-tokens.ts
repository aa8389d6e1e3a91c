/**
 * Tokens of programs (OAuth 2.0, client credentials: RFC 6749 section 4.4), asked for by their id and secret and kept in memory until shortly before
 * they end. One request for all who wait for the same token, under the same rules for addresses as every call. How often one is asked for is
 * bounded, whatever the service, the token's server and the callers do.
 */
import { createHash } from "node:crypto";
import { RoostError, toRoostError, unlessAborted, type Clock } from "@roost/base";
import type { AddressRules } from "../../http/check-address.ts";
import { guardedFetch } from "../../http/guarded-fetch.ts";
import { refusePlain } from "./refuse-plain.ts";

export interface TokenRequest {
  service: string;
  url: string;
  /** Id and secret, with a colon between. */
  given: string;
  /** For messages. */
  scheme: string;
  scopes: readonly string[];
}

export interface ProgramTokens {
  /** @throws RoostError what keeps it from having one, without `details`: nothing of the call itself was sent */
  tokenOf(request: TokenRequest, signal: AbortSignal): Promise<string>;
  /** The service refused this token. Whether there will be another: at most one for refusals in a minute, then it is kept until it ends. */
  refused(request: TokenRequest, token: string): boolean;
}

/** Of one service, one id with its secret, and the same scopes. */
interface Known {
  asking?: Promise<string> | undefined;
  token?: string | undefined;
  untilMs: number;
  failure?: { error: RoostError; untilMs: number };
  /** Until then the next refusal brings no other token. */
  keptUntilMs: number;
}

const answerBytesMax = 20_000;
const requestMsMax = 20_000;
const tokensMax = 100;
/** Where a server does not say it. */
const lifeSecondsDefault = 300;
/** Of a server that says less, or nonsense. */
const lifeSecondsMin = 2;
/** A token is not used so shortly before its end; of a short life it is half. */
const marginSecondsMax = 30;
/** After a failure none is asked for so long, and calls fail with what it said. */
const failureMs = 10_000;
const refusalMs = 60_000;

export function createProgramTokens({ clock, rules }: { clock: Clock; rules: AddressRules }): ProgramTokens {
  const known = new Map<string, Known>();
  const find = ({ service, url, given, scopes }: TokenRequest): Known => {
    const key = createHash("sha256")
      .update(JSON.stringify([service, url, given, scopes]))
      .digest("hex");
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const oldest = known.keys().next().value;
    if (known.size >= tokensMax && oldest !== undefined) known.delete(oldest);
    const made: Known = { untilMs: 0, keptUntilMs: 0 };
    known.set(key, made);
    return made;
  };
  const askFor = async (one: Known, request: TokenRequest): Promise<string> => {
    try {
      const { token, usedSeconds } = await ask(request, rules);
      Object.assign(one, { token, untilMs: clock.nowMs() + usedSeconds * 1000 });
      return token;
    } catch (thrown) {
      const { code, message } = toRoostError(thrown);
      const error = new RoostError(code, `no token for ${request.scheme}: ${message}`, { cause: thrown });
      one.failure = { error, untilMs: clock.nowMs() + failureMs };
      throw error;
    } finally {
      one.asking = undefined;
    }
  };
  return {
    async tokenOf(request, signal) {
      const one = find(request);
      const nowMs = clock.nowMs();
      if (one.token !== undefined && one.untilMs > nowMs) return one.token;
      if (one.failure !== undefined && one.failure.untilMs > nowMs) throw one.failure.error;
      // It goes on when a caller leaves: others may wait for it. It is begun by one who waits: a failure that nobody hears would end the process.
      return unlessAborted(signal, () => (one.asking ??= askFor(one, request)));
    },
    refused(request, token) {
      const one = find(request);
      // Another call has seen to it.
      if (one.token !== token) return true;
      const nowMs = clock.nowMs();
      if (one.keptUntilMs > nowMs) return false;
      one.keptUntilMs = nowMs + refusalMs;
      one.token = undefined;
      return true;
    },
  };
}

/** The token, and how long it is used. */
async function ask(
  { url, given, scheme, scopes }: TokenRequest,
  rules: AddressRules,
): Promise<{ token: string; usedSeconds: number }> {
  const at = given.indexOf(":");
  if (at < 1)
    throw new RoostError(
      "invalid_input",
      `the secret of ${scheme} is no ID:SECRET: both are needed to ask for a token`,
    );
  refusePlain(url, rules);
  const client = { id: given.slice(0, at), secret: given.slice(at + 1) };
  const signal = AbortSignal.timeout(requestMsMax);
  const send = ({ headers, fields, ...following }: Credentials) =>
    guardedFetch(
      {
        url,
        method: "POST",
        headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          ...(scopes.length > 0 && { scope: scopes.join(" ") }),
          ...fields,
        }).toString(),
        secretHeaders: ["authorization"],
      },
      { rules, signal, timeoutMsMax: requestMsMax, bodyBytesMax: answerBytesMax, ...following },
    );
  let reply = await send(inHeader(client));
  if (parse(reply.text).error === "invalid_client") reply = await send(inForm(client));
  const { access_token: token, expires_in: life = lifeSecondsDefault, token_type: type = "bearer" } = parse(reply.text);
  const { host } = new URL(url);
  if (reply.status !== 200 || typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new RoostError(
      "unauthenticated",
      `${host} gave none (status ${reply.status}): look at the id and secret${scopes.length > 0 ? ` and the scopes ${scopes.join(" ")}` : ""}`,
    );
  // "BearerToken" is what one maker's servers say.
  if (!/^bearer/i.test(String(type)))
    throw new RoostError("unauthenticated", `${host} gave one that is no bearer token: it cannot be used here`);
  // Some write the number as text.
  const lifeSeconds = Math.max(Number(life) || 0, lifeSecondsMin);
  return { token, usedSeconds: lifeSeconds - Math.min(marginSecondsMax, lifeSeconds / 2) };
}

interface Client {
  id: string;
  secret: string;
}

/** How a client names itself. */
interface Credentials {
  headers: Record<string, string>;
  fields: Record<string, string>;
  redirectsMax?: number;
}

/** What every server is to take (RFC 6749 section 2.3.1). */
function inHeader({ id, secret }: Client): Credentials {
  const written = Buffer.from([id, secret].map(encodeURIComponent).join(":")).toString("base64");
  return { headers: { authorization: `Basic ${written}` }, fields: {} };
}

/** What some take alone. A body that holds a secret goes to no other address. */
function inForm({ id, secret }: Client): Credentials {
  return { headers: {}, fields: { client_id: id, client_secret: secret }, redirectsMax: 0 };
}

function parse(text: string): {
  access_token?: unknown;
  expires_in?: unknown;
  token_type?: unknown;
  error?: unknown;
} {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
