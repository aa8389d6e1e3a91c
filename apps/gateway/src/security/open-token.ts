/** The home's token, read from its file: replacing the file invalidates the old token within a second. */
import { createHash } from "node:crypto";
import type { Clock, Logger } from "@roost/base";
import { readToken, tokenPath } from "./read-token.ts";
import { stampOfFile } from "./stamp-of-file.ts";

export interface Token {
  /** SHA-256 of the current token; undefined while there is none. The token itself is not kept. */
  hash(): Promise<Buffer | undefined>;
}

/** How long a check of the file is valid. */
const seenMsMax = 1_000;

/** @throws RoostError `unauthenticated` when the home has no token */
export async function openToken(homeDir: string, { clock, logger }: { clock: Clock; logger: Logger }): Promise<Token> {
  const path = tokenPath(homeDir);
  let stamp = await stampOfFile(path);
  let current: Buffer | undefined = hashToken(await readToken(homeDir));
  let seenMs = clock.nowMs();
  return {
    async hash() {
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
    },
  };
}

export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
