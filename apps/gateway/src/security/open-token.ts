/**
 * The home's token: read from its file where the home is, where replacing the file invalidates the old token within a second, and from its fingerprint in the
 * database elsewhere.
 */
import { createHash } from "node:crypto";
import { fingerprintOf, keepFresh, readHomeToken, recordHomeToken } from "@roost/access";
import type { Clock, Logger } from "@roost/base";
import type { Sql } from "@roost/database";
import type { Kernel, SchedulerLoop } from "@roost/kernel";
import { readToken, tokenPath } from "./read-token.ts";
import { stampOfFile } from "./stamp-of-file.ts";

export interface Token {
  /** Of the current token; undefined while there is none. The token itself is not kept. */
  fingerprint(): Promise<Buffer | undefined>;
  /** Its SHA-256, where the home is. */
  hash?(): Promise<Buffer | undefined>;
}

/** How long a check of the file is valid. */
const seenMsMax = 1_000;
/** How often gateways elsewhere are told, where it has changed. */
const tellMs = 2_000;

/** @throws RoostError `unauthenticated` when the home has no token */
export async function openToken(
  homeDir: string,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<Required<Token>> {
  const path = tokenPath(homeDir);
  let stamp = await stampOfFile(path);
  let current: Buffer | undefined = hashToken(await readToken(homeDir));
  let seenMs = clock.nowMs();
  const hash = async () => {
    if (Math.abs(clock.nowMs() - seenMs) < seenMsMax) return current;
    seenMs = clock.nowMs();
    const now = await stampOfFile(path);
    if (now === stamp) return current;
    stamp = now;
    try {
      current = hashToken(await readToken(homeDir));
      logger.info("The token was replaced");
    } catch (error) {
      current = undefined;
      logger.warn("The token file is gone: all callers are refused", { error });
    }
    return current;
  };
  return {
    hash,
    async fingerprint() {
      const known = await hash();
      return known && fingerprintOf(known);
    },
  };
}

/** Of a gateway without the file. One that was replaced counts there until another one is recorded, and two seconds longer. */
export function openRecordedToken({ database, clock, logger }: { database: Sql; clock: Clock; logger: Logger }): Token {
  const onFailure = (error: unknown) => logger.warn("The home's token could not be read again", { error });
  return { fingerprint: keepFresh(() => readHomeToken(database), { clock, onFailure }).value };
}

/** Tells gateways elsewhere which token is in force: at once, and from then on where that has changed. */
export async function openTokenLoop({ database }: Kernel, token: Token): Promise<SchedulerLoop> {
  let told: string | undefined;
  const look = async () => {
    const fingerprint = await token.fingerprint();
    const text = fingerprint?.toString("hex") ?? "";
    if (text !== told) await recordHomeToken(database, fingerprint);
    told = text;
    return {};
  };
  await look();
  return { name: "home token", channels: () => [], pollMs: tellMs, look };
}

export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
