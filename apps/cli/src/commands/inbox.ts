/** `roost inbox`: what waits for the person, answered one after another; `roost grants`: what was allowed beyond one call. */
import { createInterface } from "node:readline/promises";
import { plainLine } from "@roost/base/text-width";
import type { GrantRecord, InboxEntryRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { answerInbox, type Ask } from "../conversation/answer-inbox.ts";
import { findById } from "../find-by-id.ts";
import { printIndented, printQuestion } from "../print/print-question.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import { readPages } from "../read-pages.ts";

const entriesMax = 200;
const grantsMax = 500;

export function addInboxCommands(program: Command, context: CliContext): void {
  addInbox(program, context);
  addGrants(program, context);
}

function addInbox(program: Command, context: CliContext): void {
  program
    .command("inbox")
    .summary("go through what waits for you")
    .description(
      "Shows what waits for you, oldest first: calls to approve, questions, effects of unknown outcome, and failures that you have not read; then facts that count once you accept them. In a terminal each is answered with a key and Enter.",
    )
    .option("-l, --list", "only list it")
    .action(async ({ list }: { list?: boolean }) => {
      const { terminal, clock, stdin, stdout } = context;
      const { client } = await context.connect();
      const { items, isMore } = await client.listInbox({ limit: entriesMax });
      if (terminal.isJson) return terminal.json({ items, isMore });
      if (items.length === 0) return terminal.line(terminal.paint("Nothing waits for you", "dim"));
      const show = (entry: InboxEntryRecord) => printEntry(context, entry, clock.nowMs());
      if (list === true || !terminal.isInteractive) {
        for (const entry of items) show(entry);
        if (isMore) terminal.note(`More wait than these ${items.length}`, "dim");
        return;
      }
      const input = createInterface({ input: stdin, output: stdout });
      // The end of input or Ctrl-C leaves the rest as it is.
      const leaving = new AbortController();
      input.once("close", () => leaving.abort());
      const ask: Ask = (prompt) =>
        input.question(terminal.paint(prompt, "accent"), { signal: leaving.signal }).catch(() => undefined);
      try {
        const { answeredCount, leftCount } = await answerInbox({ client, items, show, ask, terminal });
        terminal.line(terminal.paint(`${answeredCount} answered, ${leftCount} left`, "dim"));
      } finally {
        input.close();
      }
    });
}

function printEntry({ terminal }: CliContext, entry: InboxEntryRecord, nowMs: number): void {
  const { paint } = terminal;
  const id = idOf(entry);
  const named = id === undefined ? "" : `${paint(shortId(id), "accent")} `;
  const asks = "question" in entry ? [entry.question.agent, entry.question.jobId] : [];
  const kind = entry.kind === "unknown" ? "unknown outcome" : entry.kind;
  const marks = [kind, ...asks, relativeTime(entry.since, nowMs)].filter(Boolean).join(" · ");
  terminal.line(`${named}${paint(plainLine(marks), "question" in entry || entry.kind === "claim" ? "dim" : "bad")}`);
  if ("question" in entry) return printQuestion(terminal, entry.question, nowMs);
  printIndented(terminal, entry.title);
  printIndented(terminal, entry.reason);
  printIndented(terminal, nextStepOf(entry));
}

function idOf(entry: InboxEntryRecord): string | undefined {
  if ("question" in entry) return entry.question.id;
  if (entry.kind === "claim") return entry.fact.id;
  return entry.kind === "unknown" ? entry.runId : undefined;
}

function nextStepOf(entry: Extract<InboxEntryRecord, { kind: "unknown" | "failure" | "claim" }>): string {
  if (entry.kind === "claim")
    return `roost facts accept ${shortId(entry.fact.id)}, or roost facts remove ${shortId(entry.fact.id)}`;
  if (entry.kind === "unknown") return `roost run resolve ${shortId(entry.runId)} ${entry.seq}`;
  return entry.runId === null ? "See roost status" : `See roost log why ${shortId(entry.runId)}`;
}

function addGrants(program: Command, context: CliContext): void {
  const grants = program
    .command("grants")
    .summary("what you allowed beyond one call")
    .description("Lists what agents may do without asking because you have said so, newest first.")
    .option("-a, --all", "include expired and revoked ones")
    .action(async ({ all }: { all?: boolean }) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const items = await readGrants(client, { isLive: all !== true });
      if (terminal.isJson) return terminal.json({ grants: items });
      const nowMs = clock.nowMs();
      terminal.table(
        items,
        [
          { title: "AGENT", value: ({ agent }) => agent, widthMin: 6 },
          { title: "TOOL", value: ({ tool }) => tool, widthMin: 10 },
          { title: "TARGET", value: ({ target }) => (target === "*" ? "any" : target), widthMin: 10 },
          { title: "FOR", value: forWhat, widthMin: 8 },
          {
            title: "USED",
            value: ({ usedCount }) => String(usedCount),
            importance: 3,
            label: "used",
            alignRight: true,
          },
          {
            title: "ENDS",
            value: ({ state, expiresAt }) => (state === "live" ? relativeTime(expiresAt, nowMs) : state),
            importance: 2,
          },
          { title: "ID", value: ({ id }) => shortId(id), tone: () => "dim" },
        ],
        "You have allowed nothing beyond single calls",
      );
    });
  grants
    .command("revoke")
    .description("Revokes a grant: the next such call asks again.")
    .argument("<grant>", "id of the grant, or the end of one")
    .action(async (given: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const ids = (await readGrants(client, { isLive: true })).map(({ id }) => id);
      const grantId = findById(given, ids, { one: "grant", list: "roost grants" });
      const { grant } = await client.revokeGrant({ grantId });
      if (terminal.isJson) return terminal.json({ grant });
      terminal.line(plainLine(`${grant.tool} for ${grant.target} asks again`));
    });
}

function readGrants(client: RoostClient, query: { isLive: boolean }): Promise<GrantRecord[]> {
  return readPages((page) => client.listGrants({ ...page, ...query }), grantsMax);
}

function forWhat({ scope, of }: GrantRecord): string {
  return of === null ? scope : `${scope} ${of}`;
}
