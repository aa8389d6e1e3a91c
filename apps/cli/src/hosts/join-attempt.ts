/** What a join in progress is known by: `.roost/join.json`, until the host has what it was given. */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileDurably } from "@roost/base";

export interface JoinAttempt {
  secret: string;
  /** False: the code may have been used by it. */
  isNew: boolean;
  keep(): Promise<void>;
  forget(): Promise<void>;
}

export async function readAttempt(homeDir: string, of: { url: string; code: string }): Promise<JoinAttempt> {
  const path = join(homeDir, ".roost", "join.json");
  const code = of.code.replaceAll(/[\s-]/g, "").toUpperCase();
  const known = await readFile(path, "utf8")
    .then((text) => JSON.parse(text) as { url?: string; code?: string; secret?: string })
    .catch(() => undefined);
  const isNew = known?.secret === undefined || known.url !== of.url || known.code !== code;
  const secret = isNew ? randomBytes(32).toString("base64url") : known.secret!;
  return {
    secret,
    isNew,
    async keep() {
      await mkdir(join(homeDir, ".roost"), { recursive: true, mode: 0o700 });
      await writeFileDurably(path, `${JSON.stringify({ url: of.url, code, secret })}\n`, { mode: 0o600 });
    },
    forget: () => rm(path, { force: true }),
  };
}
