/** `roost inbox`: what waits for the person, answered one after another; `roost grants`: what was allowed beyond one call. */
import { createInterface } from "node:readline/promises";
import { plainLine, plainText, wrapText } from "@roost/base/text-width";
import type { GrantRecord, InboxEntryRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { answerInbox, type Ask } from "../conversation/answer-inbox.ts";
import { findById } from "../find-by-id.ts";
import { printApproval } from "../print/print-approval.ts";
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
      "Shows what waits for you, oldest first: calls to approve, questions, effects of unknown outcome, and failures that you have not read. In a terminal each is answered with a key and Enter.",
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

function printEntry(context: CliContext, entry: InboxEntryRecord, nowMs: number): void {
  const { terminal } = context;
  const { paint } = terminal;
  const id = "question" in entry ? entry.question.id : entry.kind === "unknown" ? entry.runId : "";
  const marks = [
    entry.kind === "unknown" ? "unknown outcome" : entry.kind,
    "question" in entry ? entry.question.agent : null,
    "question" in entry ? entry.question.jobId : null,
    relativeTime(entry.since, nowMs),
  ];
  const tone = entry.kind === "failure" || entry.kind === "unknown" ? "bad" : "accent";
  const named = id === "" ? "" : `${paint(shortId(id), "accent")} `;
  terminal.line(`${named}${paint(plainLine(marks.filter(Boolean).join(" · ")), tone === "bad" ? "bad" : "dim")}`);
  const indented = (text: string) => {
    for (const line of terminal.named(plainText(text)).split("\n"))
      for (const part of wrapText(line, terminal.columns - 2)) terminal.line(`  ${part}`);
  };
  indented(entry.title);
  if (entry.kind === "approval" && entry.question.approval !== null) printApproval(terminal, entry.question.approval);
  if ("question" in entry && entry.question.choices !== null)
    terminal.line(`  ${paint(plainLine(entry.question.choices.join(" | ")), "dim")}`);
  if ("reason" in entry) indented(entry.reason);
  if (entry.kind === "unknown") indented(`roost run resolve ${shortId(entry.runId)} ${entry.seq}`);
  if (entry.kind === "failure")
    indented(entry.runId === null ? "See roost status" : `See roost log why ${shortId(entry.runId)}`);
}

function addGrants(program: Command, context: CliContext): void {
  const grants = program
    .command("grants")
    .summary("what you allowed beyond one call")
    .description("Lists what agents may do without asking because you have said so, newest first.")
    .option("-a, --all", "include expired and revoked ones")
    .action(async ({ all }: { all?: boolean }) => {
      const { terminal, clock } = context;
      const items = await readGrants(context, { isLive: all !== true });
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
    .description("Takes a grant back: the next such call asks again.")
    .argument("<grant>", "id of the grant, or the end of one")
    .action(async (given: string) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const ids = (await readGrants(context, { isLive: true })).map(({ id }) => id);
      const grantId = findById(given, ids, { one: "grant", list: "roost grants" });
      const { grant } = await client.revokeGrant({ grantId });
      if (terminal.isJson) return terminal.json({ grant });
      terminal.line(plainLine(`${grant.tool} for ${grant.target} asks again`));
    });
}

async function readGrants(context: CliContext, query: { isLive: boolean }): Promise<GrantRecord[]> {
  const { client } = await context.connect();
  return readPages(
    (page) => client.listGrants({ ...page, ...query }),
    (page) => page.items,
    grantsMax,
  );
}

function forWhat({ scope, of }: GrantRecord): string {
  return of === null ? scope : `${scope} ${of}`;
}
