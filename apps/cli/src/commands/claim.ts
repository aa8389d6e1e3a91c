/** `roost claim`: takes a topic on, unless somebody has taken nearly the same in other words. */
import type { Claim } from "@roost/contract/operations";
import { RoostError } from "@roost/base";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { findById } from "../find-by-id.ts";
import { nameHolder } from "../guarded/name-holder.ts";
import { parseOptionAmount, parseOptionDuration } from "../parse-option.ts";
import { relativeTime } from "../print/relative-time.ts";
import { shortId } from "../print/short-id.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "../print/text-width.ts";
import { readPages } from "../read-pages.ts";

interface ClaimOptions {
  scope: string;
  by?: string;
  ttl: number;
  threshold?: number;
  list?: boolean;
  release?: string;
}

const claimsMax = 1000;

export function addClaimCommand(program: Command, context: CliContext): void {
  program
    .command("claim")
    .summary("take a topic on, unless somebody has")
    .description(
      "Takes a topic on, unless somebody has taken nearly the same in other words: then it says who and when, and exits with 1.",
    )
    .argument("[text...]", "the topic, or the whole text")
    .option("--scope <scope>", "where it must be new: blog, posts, …", "cli")
    .option("--by <name>", "who takes it (default: this user, host and process)")
    .option("--ttl <duration>", "how long it stays taken", parseOptionDuration, 30 * 86_400_000)
    .option(
      "--threshold <number>",
      "similarity from 0 to 1 that counts as the same (default: the scope's own)",
      parseOptionAmount,
    )
    .option("--list", "list what is taken instead")
    .option("--release <id>", "give a topic up instead")
    .action(async (words: string[], options: ClaimOptions) => {
      if (options.list === true) return list(context, options);
      if (options.release !== undefined) return release(context, options.release);
      const text = words.join(" ");
      if (text === "") throw new RoostError("invalid_input", "there is no topic: roost claim TEXT, or --list");
      await take(context, text, options);
    });
}

async function take(context: CliContext, text: string, options: ClaimOptions): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const { scope, ttl, threshold } = options;
  const answer = await client.claimTopic({
    scope,
    text,
    by: options.by ?? nameHolder(),
    ttlMs: ttl,
    threshold,
  });
  if (!answer.granted) context.exitWith(exitCodes.answerIsNo);
  if (terminal.isJson) return terminal.json(answer);
  terminal.line(
    answer.granted ? `Taken: ${answer.claimId}` : terminal.paint("Not taken: somebody has nearly the same", "warn"),
  );
  for (const near of answer.similar) {
    const percent = `${Math.round(near.similarity * 100)} %`;
    terminal.line(`  ${percent.padStart(5)} ${plainLine(near.text)}`);
    terminal.line(terminal.paint(`        ${plainLine(near.by)}, ${relativeTime(near.at, clock.nowMs())}`, "dim"));
  }
}

async function list(context: CliContext, { scope }: ClaimOptions): Promise<void> {
  const { terminal, clock } = context;
  const { client } = await context.connect();
  const claims = await readPages(
    (page) => client.listClaims({ ...page, scope }),
    (page) => page.items,
    claimsMax,
  );
  if (terminal.isJson) return terminal.json({ claims });
  const nowMs = clock.nowMs();
  const columns: Column<Claim>[] = [
    { title: "TOPIC", value: (claim) => claim.text, widthMin: 16 },
    { title: "BY", value: (claim) => claim.by, widthMin: 8, importance: 2, label: "by" },
    { title: "TAKEN", value: (claim) => relativeTime(claim.at, nowMs), tone: () => "dim" },
    { title: "ID", value: (claim) => shortId(claim.id), tone: () => "dim" },
  ];
  terminal.table(claims, columns, `Nothing is taken in ${scope}`);
}

async function release(context: CliContext, given: string): Promise<void> {
  const { terminal } = context;
  const { client } = await context.connect();
  const { items: claims } = await client.listClaims({ limit: 500 });
  const ids = claims.map(({ id }) => id);
  const claimId = given.length >= 30 ? given : findById(given, ids, { one: "claim", list: "roost claim --list" });
  const answer = await client.releaseClaim({ claimId });
  if (terminal.isJson) return terminal.json(answer);
  terminal.line(answer.released ? "Given up" : "It was not taken any more");
}
