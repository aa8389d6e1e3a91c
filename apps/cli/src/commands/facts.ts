/** `roost remember` and `roost facts …`: what the home holds for true. */
import { RoostError } from "@roost/base";
import type { HomeFact } from "@roost/contract/operations";
import { plainLine } from "@roost/base/text-width";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { findById } from "../find-by-id.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import type { Column } from "../print/table.ts";
import { readPages } from "../read-pages.ts";

const factsMax = 5_000;

interface ListOptions {
  all?: boolean;
  claims?: boolean;
}

interface RememberOptions {
  fact?: string;
  many?: boolean;
  since?: string;
}

export function addFactsCommands(program: Command, context: CliContext): void {
  addRemember(program, context);
  const facts = program
    .command("facts")
    .summary("list, correct and remove what your home holds for true")
    .description(
      "Lists the facts that your home takes for true, newest first. MEMORY.md shows them, and may be edited instead.",
    );
  facts
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists facts.")
    .option("-a, --all", "include those that ended or were wrong")
    .option("--claims", "only claims that wait for you: made by a job, or based on content from outside")
    .action(async ({ all, claims }: ListOptions) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readFacts(client, { withClosed: all === true, isClaim: claims === true ? true : undefined });
      if (terminal.isJson) return terminal.json({ facts: rows });
      terminal.table(rows, columns(clock.nowMs()), claims === true ? "Nothing waits for you" : "Nothing is remembered");
    });
  facts
    .command("correct")
    .description("Says what is true instead: the old fact was wrong, and stands in no prompt any more.")
    .argument("<fact>", "id of the fact, or the end of one")
    .argument("<text...>", "what is true, or for a fact with a value the new value")
    .option("--reason <text>", "why")
    .action(async (given: string, words: string[], { reason }: { reason?: string }) => {
      const { client } = await context.connect();
      const old = await pick(client, given);
      const text = words.join(" ");
      const { subject, attribute } = old;
      const parts = subject === null || attribute === null ? {} : { subject, attribute, value: text };
      const sentence = "value" in parts ? `${subject} ${attribute} ${text}` : text;
      const why = reason === undefined ? {} : { reason };
      const kept = await client.rememberFact({
        text: sentence,
        ...parts,
        corrects: old.id,
        isMany: !old.isSingle,
        ...why,
      });
      tell(context, kept.fact, `corrected: ${kept.fact.statement}`);
    });
  facts
    .command("remove")
    .description("Marks a fact as wrong, so that it is used no more.")
    .argument("<fact>", "id of the fact, or the end of one")
    .option("--ended <time>", "it was true until then, as in 2026-01-31T00:00:00Z")
    .action(async (given: string, { ended }: { ended?: string }) => {
      const { client } = await context.connect();
      const old = await pick(client, given);
      const { fact } = await client.removeFact({ factId: old.id, until: ended });
      tell(context, fact, `removed: ${fact.statement}`);
    });
  facts
    .command("accept")
    .description("Accepts a claim: from then on it counts as a fact.")
    .argument("<fact>", "id of the fact, or the end of one")
    .action(async (given: string) => {
      const { client } = await context.connect();
      const { fact } = await client.acceptFact({ factId: (await pick(client, given)).id });
      tell(context, fact, `it holds: ${fact.statement}`);
    });
}

function addRemember(program: Command, context: CliContext): void {
  program
    .command("remember")
    .summary("keep a fact")
    .description(
      "Keeps a fact for your agents, in today's note and MEMORY.md. A new value replaces the earlier one of the same attribute.",
    )
    .argument("<text...>", "in a sentence or two")
    .option("--fact <parts>", "as subject | attribute | value, as in 'Anna | lives in | Munich'")
    .option("--many", "the attribute can have several values at once")
    .option("--since <time>", "when it became true, as in 2026-01-31T00:00:00Z")
    .action(async (words: string[], { fact: written, many, since }: RememberOptions) => {
      const { client } = await context.connect();
      const given = { text: words.join(" "), ...(written !== undefined && parseParts(written)) };
      const more = { isMany: many === true, since };
      const { fact, closedCount } = await client.rememberFact({ ...given, ...more });
      tell(context, fact, `remembered${closedCount === 0 ? "" : `, in the place of ${closedCount} earlier`}`);
    });
}

/** @throws RoostError `invalid_input` */
function parseParts(written: string): { subject: string; attribute: string; value: string } {
  const [subject = "", attribute = "", value = "", ...more] = written.split("|").map((part) => part.trim());
  if (subject === "" || attribute === "" || value === "" || more.length > 0)
    throw new RoostError("invalid_input", `--fact "${written}" is not valid: write it like 'Anna | lives in | Munich'`);
  return { subject, attribute, value };
}

function readFacts(
  client: RoostClient,
  query: { withClosed: boolean; isClaim?: boolean | undefined },
): Promise<HomeFact[]> {
  return readPages((page) => client.listFacts({ ...page, ...query }), factsMax);
}

async function pick(client: RoostClient, given: string): Promise<HomeFact> {
  const facts = await readFacts(client, { withClosed: false });
  const ids = facts.map(({ id }) => id);
  const id = findById(given, ids, { one: "fact that holds", list: "roost facts" });
  return facts.find((fact) => fact.id === id)!;
}

function tell({ terminal }: CliContext, fact: HomeFact, text: string): void {
  if (terminal.isJson) terminal.json({ fact });
  else terminal.line(`${terminal.paint(shortId(fact.id), "accent")} ${plainLine(text)}`);
}

function columns(nowMs: number): Column<HomeFact>[] {
  return [
    { title: "ID", value: ({ id }) => shortId(id) },
    { title: "FACT", value: ({ statement }) => plainLine(statement) },
    { title: "STATE", value: stateOf, tone: ({ isClaim }) => (isClaim ? "warn" : "dim"), label: "state" },
    { title: "BY", value: ({ by }) => plainLine(by), importance: 3, label: "by" },
    { title: "SAID", value: ({ recordedAt }) => relativeTime(recordedAt, nowMs), importance: 2, tone: () => "dim" },
  ];
}

function stateOf({ isClaim, retractedAt, validTo }: HomeFact): string {
  if (retractedAt !== null) return "was wrong";
  if (validTo !== null) return "ended";
  return isClaim ? "claimed" : "";
}
