/** The server that a source names, as those who visit it take it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readMailServer, type DavServer, type MailServer } from "@roost/sources";
import type { Memory } from "../memory.ts";
import type { OutsideSource } from "./source-row.ts";

export async function mailServerOf(
  { homeDir }: Pick<Memory, "homeDir">,
  { settings }: Pick<OutsideSource, "settings">,
  password: string,
): Promise<MailServer> {
  const { imap = "", ca } = settings;
  const certificates = ca === undefined ? undefined : await readFile(join(homeDir, ca), "utf8");
  return { ...readMailServer(imap), password, ca: certificates };
}

export function davServerOf({ settings }: Pick<OutsideSource, "settings">, password: string): DavServer {
  const { caldav: url = "", user = "" } = settings;
  return { url, user, password };
}
