/** `roost files …`: the files of the home, their marked lines, and trusting them. Their versions: file-versions.ts. */
import { RoostError } from "@roost/base";
import type { HomeFileRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { addFileVersionCommands } from "./file-versions.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const filesMax = 20_000;
const rangesShown = 5;

export function addFilesCommands(program: Command, context: CliContext): void {
  const files = program
    .command("files")
    .summary("list files of the home, restore versions, trust marked lines")
    .description(
      "Lists the files of the home with the lines that come from untrusted content, marks such lines as trusted, and brings versions back.",
    );
  files
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists the files of the home.")
    .option("--marked", "only files with marked lines")
    .allowExcessArguments()
    .action(async ({ marked }: { marked?: boolean }, list: Command) => {
      refuseUnknownCommand(files, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listFiles({ ...page, isMarked: marked }), filesMax);
      if (terminal.isJson) return terminal.json({ files: rows });
      const none = marked === true ? "Nothing in the home is marked" : "There are no files";
      terminal.table(rows, columns(clock.nowMs()), none);
    });
  addFileVersionCommands(files, context);
  files
    .command("trust")
    .description("Marks lines of a file as trusted: agents then see and follow them like your own words.")
    .argument("<path>", "relative to the home")
    .option("--lines <from-to>", "only these lines, such as 12 or 12-20")
    .action(async (path: string, { lines }: { lines?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { file } = await client.trustFile({ path, ...(lines !== undefined && parseLines(lines)) });
      if (terminal.isJson) return terminal.json({ file });
      const from = file.sources.length === 0 ? "" : ` from ${file.sources.join(", ")}`;
      const left = file.leftCount === 0 ? "" : `; ${countLines(file.leftCount)} of it still marked`;
      if (file.lineCount === 0) return terminal.line(plainLine(`nothing of that in ${file.path} is marked${left}`));
      terminal.line(plainLine(`you vouch for ${countLines(file.lineCount)} of ${file.path}${from}${left}`));
    });
}

/** @throws RoostError `invalid_input` */
function parseLines(written: string): { fromLine: number; toLine: number } {
  const [, from = "", to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(written) ?? [];
  if (from === "" || Number(from) < 1 || Number(to) < Number(from))
    throw new RoostError("invalid_input", `--lines ${written} is not valid: write it like 12 or 12-20`);
  return { fromLine: Number(from), toLine: Number(to) };
}

function countLines(count: number): string {
  return count === 1 ? "1 line" : `${count} lines`;
}

function columns(nowMs: number): Column<HomeFileRecord>[] {
  return [
    { title: "PATH", value: ({ path }) => plainLine(path) },
    { title: "MARKED", value: ({ mark }) => markedText(mark), tone: () => "warn", label: "marked" },
    { title: "FROM", value: ({ mark }) => plainLine(mark?.sources.join(", ") ?? ""), importance: 2, label: "from" },
    { title: "BYTES", value: ({ bytes }) => String(bytes), alignRight: true, importance: 4, label: "bytes" },
    { title: "CHANGED", value: ({ modifiedAt }) => relativeTime(modifiedAt, nowMs), importance: 3, tone: () => "dim" },
  ];
}

function markedText(mark: HomeFileRecord["mark"]): string {
  if (mark === null) return "";
  if (mark.lines === null) return "all";
  const ranges = mark.lines.slice(0, rangesShown).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return `lines ${ranges.join(", ")}${mark.lines.length > rangesShown ? ", …" : ""}`;
}
