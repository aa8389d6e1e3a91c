/** `roost files versions`, `roost files restore`: what a file of the home has been, and bringing it back. */
import { plainLine } from "@roost/base/text-width";
import { RoostError } from "@roost/base";
import type { HomeFileVersionRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { relativeTime } from "../print/relative-time.ts";
import { parseOptionLimit } from "../parse-option.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

const idChars = 12;
const versionsMax = 1_000;
/** A version of 2 GiB comes from a bucket. */
const restoreMsMax = 60 * 60_000;

export function addFileVersionCommands(files: Command, context: CliContext): void {
  files
    .command("versions")
    .description("Lists the versions of a file, the newest first; also of one that was deleted.")
    .argument("<path>", "relative to the home")
    .option("-n, --last <count>", "how many to list", parseOptionLimit, 20)
    .action(async (path: string, { last }: { last: number }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const versions = await readPages((page) => client.listFileVersions({ ...page, path }), last);
      if (terminal.isJson) return terminal.json({ versions });
      terminal.table(versions, columns(clock.nowMs()), plainLine(`${path} has no versions`));
    });
  files
    .command("restore")
    .description("Puts a version in the place of a file. What the file is now becomes a version first.")
    .argument("<path>", "relative to the home")
    .argument("<version>", "as `roost files versions` shows it")
    .option("--to <path>", "put it there, and leave the file as it is")
    .action(async (path: string, version: string, { to }: { to?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const known = await readPages((page) => client.listFileVersions({ ...page, path }), versionsMax);
      const { sha256 } = findVersion(known, { path, version });
      const restored = await client.restoreFile({ path, sha256, to }, { timeoutMs: restoreMsMax });
      if (terminal.isJson) return terminal.json({ restored });
      terminal.line(plainLine(`${restored.path} is version ${sha256.slice(0, idChars)} (${restored.bytes} bytes)`));
    });
}

/** @throws RoostError `not_found`, or `conflict` when several begin so */
function findVersion(
  versions: readonly HomeFileVersionRecord[],
  { path, version }: { path: string; version: string },
): HomeFileVersionRecord {
  const found = versions.filter(({ sha256 }) => sha256.startsWith(version.toLowerCase()));
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new RoostError("not_found", `${path} has no version "${version}": see roost files versions ${path}`);
  throw new RoostError("conflict", `"${version}" begins ${found.length} versions of ${path}: give more characters`);
}

function columns(nowMs: number): Column<HomeFileVersionRecord>[] {
  return [
    { title: "VERSION", value: ({ sha256 }) => sha256.slice(0, idChars) },
    { title: "BYTES", value: ({ bytes }) => String(bytes), alignRight: true, importance: 3, label: "bytes" },
    { title: "RECORDED", value: ({ at }) => relativeTime(at, nowMs), importance: 2, tone: () => "dim" },
    { title: "BY", value: ({ by }) => plainLine(by ?? ""), importance: 4, label: "by" },
    { title: "NOTE", value: (version) => noteOf(version, nowMs), importance: 1 },
  ];
}

function noteOf({ isPresent, dropped }: HomeFileVersionRecord, nowMs: number): string {
  if (dropped !== null) return `removed ${relativeTime(dropped.at, nowMs)}: over the ${dropped.limit} that is kept`;
  return isPresent ? "present" : "";
}
