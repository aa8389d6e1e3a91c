import { RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { parseOptionLimit } from "../parse-option.ts";
import { printVersions, type PrintedVersion } from "../print/print-versions.ts";
import { readPages } from "../read-pages.ts";

interface VersionsCommand {
  noun: "agent" | "job";
  /** One page of versions, newest first. */
  list: (
    client: RoostClient,
    id: string,
    page: { limit: number; after?: string | undefined },
  ) => Promise<{ items: PrintedVersion[]; next: string | null }>;
}

/** Adds `versions`: the definitions that an agent or a job has had. */
export function addVersionsCommand(parent: Command, context: CliContext, { noun, list }: VersionsCommand): void {
  parent
    .command("versions")
    .description(
      `Lists the definitions that ${noun === "agent" ? "an" : "a"} ${noun} has had, newest first, with what each changed.`,
    )
    .argument(`<${noun}>`, `id of the ${noun}`)
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 10)
    .action(async (id: string, { last }: { last: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const versions = await readPages((page) => list(client, id, page), last);
      if (terminal.isJson) return terminal.json({ versions });
      printVersions(terminal, versions, clock.nowMs());
    });
}

/** @throws RoostError `not_found` where an answer has no such version */
export function requireVersion<Version>([found]: readonly Version[], id: string, version: number): Version {
  if (found !== undefined) return found;
  throw new RoostError("not_found", `${id} has no version ${version}: its versions are listed by \`versions ${id}\``);
}
