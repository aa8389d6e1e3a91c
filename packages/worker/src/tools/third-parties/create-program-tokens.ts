/**
 * Tokens of programs (OAuth 2.0, client credentials: RFC 6749 section 4.4), asked for by their id and secret and kept in memory until shortly before
 * they end. Under the same rules for addresses as every call.
 */
import { RoostError, type Clock } from "@roost/base";
import type { AddressRules } from "../../http/check-address.ts";
import { guardedFetch } from "../../http/guarded-fetch.ts";
import { refusePlain } from "./refuse-plain.ts";

export interface TokenRequest {
  url: string;
  /** Id and secret, with a colon between. */
  given: string;
  /** For messages. */
  scheme: string;
}

export interface ProgramTokens {
  /** @throws RoostError `invalid_input`, `unauthenticated`, or what keeps the address from being reached */
  tokenOf(request: TokenRequest, options: { rules: AddressRules; signal: AbortSignal }): Promise<string>;
  /** A service refused a token from there: the next call asks for another. */
  forget(url: string): void;
}

const answerBytesMax = 20_000;
const tokensMax = 100;
/** Where a server does not say it. */
const lifeSecondsDefault = 300;
/** A token is not used so shortly before its end. */
const marginSeconds = 30;

export function createProgramTokens({ clock }: { clock: Clock }): ProgramTokens {
  const known = new Map<string, { token: string; untilMs: number }>();
  const keyOf = ({ url, given }: TokenRequest) => `${url} ${given}`;
  return {
    async tokenOf(request, options) {
      const key = keyOf(request);
      const kept = known.get(key);
      if (kept !== undefined && kept.untilMs > clock.nowMs()) return kept.token;
      known.delete(key);
      const { token, lifeSeconds } = await ask(request, options);
      const oldest = known.keys().next().value;
      if (known.size >= tokensMax && oldest !== undefined) known.delete(oldest);
      known.set(key, { token, untilMs: clock.nowMs() + Math.max(0, lifeSeconds - marginSeconds) * 1000 });
      return token;
    },
    forget(url) {
      for (const key of known.keys()) if (key.startsWith(`${url} `)) known.delete(key);
    },
  };
}

async function ask(
  { url, given, scheme }: TokenRequest,
  { rules, signal }: { rules: AddressRules; signal: AbortSignal },
): Promise<{ token: string; lifeSeconds: number }> {
  const at = given.indexOf(":");
  if (at < 1)
    throw new RoostError(
      "invalid_input",
      `the secret of ${scheme} is no ID:SECRET: both are needed to ask for a token`,
    );
  refusePlain(url, rules);
  const [id, secret] = [given.slice(0, at), given.slice(at + 1)].map(encodeURIComponent);
  const reply = await guardedFetch(
    {
      url,
      method: "POST",
      headers: {
        accept: "application/json",
        "content-type": "application/x-www-form-urlencoded",
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
      },
      body: "grant_type=client_credentials",
      secretHeaders: ["authorization"],
    },
    { rules, signal, bodyBytesMax: answerBytesMax },
  );
  const { access_token: token, expires_in: life } = parse(reply.text);
  if (reply.status === 200 && typeof token === "string" && /^[\x21-\x7e]+$/.test(token))
    return { token, lifeSeconds: typeof life === "number" ? life : lifeSecondsDefault };
  throw new RoostError(
    "unauthenticated",
    `${new URL(url).host} gave no token for ${scheme} (status ${reply.status}): look at the id and secret`,
  );
}

function parse(text: string): { access_token?: unknown; expires_in?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
