/** `roost recall`: what the home knows of something. */
import { isUntrusted, parseLabels } from "@roost/contract/labels";
import { recalledKinds, type RecalledLine } from "@roost/contract/operations";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import { Option, type Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { parseOptionDuration, parseOptionLimit } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";

interface RecallOptions {
  kind?: (typeof recalledKinds)[number];
  since?: number;
  last: number;
}

export function addRecallCommand(program: Command, context: CliContext): void {
  program
    .command("recall")
    .summary("find what your home knows of something")
    .description(
      "Finds what files, conversations and events tell of something, best lines first, each with its source. What rests on content from outside names it.",
    )
    .argument("<question...>", "a question or a few words")
    .addOption(new Option("--kind <kind>", "only these lines").choices(recalledKinds))
    .option("--since <duration>", "only what is newer, as in 30d", parseOptionDuration)
    .option("-n, --last <count>", "how many lines", parseOptionLimit, 10)
    .action(async (words: string[], { kind, since, last }: RecallOptions) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const { lines } = await client.recall({
        query: words.join(" "),
        limit: last,
        kinds: kind === undefined ? undefined : [kind],
        since: since === undefined ? undefined : new Date(clock.nowMs() - since).toISOString(),
      });
      if (terminal.isJson) return terminal.json({ lines });
      if (lines.length === 0) terminal.line(terminal.paint("Nothing tells of it", "dim"));
      for (const line of lines) printLine(context, line);
    });
}

function printLine({ terminal, clock }: CliContext, line: RecalledLine): void {
  const labels = parseLabels(line.labels);
  const outside = labels.sources;
  const isMarked = isUntrusted(labels);
  const head = [sourceOf(line), line.saidBy ?? "", relativeTime(line.at, clock.nowMs())].filter(Boolean).join(" · ");
  const mark = isMarked ? ` ${terminal.paint(plainLine(`from ${outside.join(", ") || "outside"}`), "warn")}` : "";
  terminal.line(`${terminal.paint(plainLine(head), "dim")}${mark}`);
  for (const part of wrapText(plainText(line.text).replaceAll("\n", " "), terminal.columns - 2))
    terminal.line(`  ${part}`);
}

/** memory/2026-01-31.md:12, or the conversation with the end of the message's id. */
function sourceOf({ kind, document, ref }: RecalledLine): string {
  if (kind === "file") return `${document}:${ref}`;
  return `${kind === "fact" ? "fact" : document} ${shortId(ref)}`;
}
