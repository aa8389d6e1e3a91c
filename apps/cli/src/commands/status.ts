/** `roost status`: the installation on one screen. */
import { formatDurationMs, toRoostError } from "@roost/base";
import type { OutsideSourceStatus, Status } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { noteUnreadable } from "../print/note-unreadable.ts";
import { formatCount, formatUsd } from "../print/format-spend.ts";
import { formatPairs } from "../print/format-pairs.ts";
import { printAlarms } from "../print/describe-alarms.ts";
import { relativeTime } from "../print/relative-time.ts";
import { plainLine } from "@roost/base/text-width";

export function addStatusCommand(program: Command, context: CliContext): void {
  program
    .command("status")
    .summary("show the state of the installation")
    .description(
      "Shows the model, workers, active and due work, mailboxes and calendars that heartbeats look at, spending and problems.",
    )
    .action(async () => {
      const { client, url } = await context.connect();
      const [status, { sources }] = await Promise.all([client.getStatus(), getSourcesIfAllowed(client)]);
      if (context.terminal.isJson) return context.terminal.json({ ...status, sources });
      printStatus(context, status, { sources, url });
    });
}

/** None for a host or a script whose token lacks the scope: what it may see of the status is shown. */
function getSourcesIfAllowed(client: RoostClient): ReturnType<RoostClient["getSources"]> {
  return client.getSources().catch((error: unknown) => {
    if (toRoostError(error).code === "forbidden") return { sources: [] };
    throw error;
  });
}

function printStatus(
  { terminal, clock }: CliContext,
  status: Status,
  { sources, url }: { sources: readonly OutsideSourceStatus[]; url: string },
): void {
  const { paint } = terminal;
  noteUnreadable(terminal, status.unreadable);
  const { counts, model } = status;
  const nowMs = clock.nowMs();
  printAlarms(terminal, status.alarms, nowMs);
  const pairs: [string, string][] = [
    ["Roost", `${status.version}, up ${formatDurationMs(status.uptimeMs)}, ${url}`],
    ["home", status.home],
    [
      "model",
      model.mode === "live" ? [model.provider, model.name].filter(Boolean).join(" ") : paint("rehearsal", "warn"),
    ],
    ["", model.reason ?? ""],
    ["database", `PostgreSQL ${status.engine.version}${status.engine.embedded ? ", embedded" : ""}`],
    ["workers", describeWorkers(status)],
    ...describeKafka(status).map((line, index): [string, string] => [index === 0 ? "kafka" : "", line]),
    ["runs", `${counts.running} running, ${counts.waiting} waiting, ${counts.queued + counts.ready} queued`],
    [
      "questions",
      counts.openQuestions === 0
        ? ""
        : paint(`${counts.openQuestions} open (${terminal.named("roost inbox")})`, "accent"),
    ],
    ["today", describeSpend(status)],
  ];
  for (const [index, { title, dueAt }] of status.due.entries())
    pairs.push([index === 0 ? "due" : "", `${plainLine(title)} ${paint(relativeTime(dueAt, nowMs), "dim")}`]);
  pairs.push(...describeSources(sources, { nowMs, paint }));
  for (const line of formatPairs(pairs, terminal)) terminal.line(line);
}

/** Names and errors may be words of servers. */
function describeSources(
  sources: readonly OutsideSourceStatus[],
  { nowMs, paint }: { nowMs: number; paint: CliContext["terminal"]["paint"] },
): [string, string][] {
  const lines = sources.flatMap(({ name, server, lookedAt, nextLookAt, laterCount, leftOut, failureCount, error }) => {
    const looked = lookedAt === null ? "not looked at yet" : `looked at ${relativeTime(lookedAt, nowMs)}`;
    const next = nextLookAt === null ? "no heartbeat is due" : `next ${relativeTime(nextLookAt, nowMs)}`;
    const later = laterCount === 0 ? "" : `, ${formatCount(laterCount)} left for later looks`;
    const failed = `failed ${failureCount} ${failureCount === 1 ? "time" : "times"}: ${plainLine(error ?? "")}`;
    return [
      `${plainLine(`${name} ${server}`)} ${paint(`${looked}, ${next}${later}`, "dim")}`,
      ...(error === null ? [] : [paint(failed, "bad")]),
      ...leftOut.map((item) => paint(`left out: ${plainLine(`${item.name}: ${item.why}`)}`, "warn")),
    ];
  });
  return lines.map((line, index) => [index === 0 ? "sources" : "", line]);
}

function describeWorkers({ workers }: Status): string {
  const runCount = workers.reduce((sum, worker) => sum + worker.runCount, 0);
  const offered = new Set(workers.flatMap(({ offers }) => offers.filter((offer) => !offer.startsWith("host:"))));
  const offers = offered.size === 0 ? "" : `; some offer ${[...offered].toSorted().join(", ")}`;
  return workers.length === 0
    ? "none: no run can start"
    : `${workers.length}, executing ${runCount} ${runCount === 1 ? "run" : "runs"}${offers}`;
}

function describeKafka({ kafka }: Status): string[] {
  if (kafka === undefined) return [];
  const { relay, readers } = kafka;
  const age = relay.lagMs === null ? "" : `, the oldest ${formatDurationMs(relay.lagMs)} old`;
  const held =
    relay.heldCount === relay.partitionCount
      ? ""
      : `, ${relay.heldCount} of ${relay.partitionCount} partitions have a relay`;
  return [
    `${formatCount(relay.lagCount)} events to ship${age}${held}`,
    ...readers.map(({ group, lagCount, deadLetterCount }) => {
      const dead = deadLetterCount === 0 ? "" : `, ${deadLetterCount} set aside (roost log dead --group ${group})`;
      return `${group}: ${formatCount(lagCount)} to take${dead}`;
    }),
  ];
}

function describeSpend({ spend }: Status): string {
  const usd = spend.usdMax === null ? formatUsd(spend.usd) : `${formatUsd(spend.usd)} of ${formatUsd(spend.usdMax)}`;
  const tokens =
    spend.tokensMax === null
      ? formatCount(spend.tokens)
      : `${formatCount(spend.tokens)} of ${formatCount(spend.tokensMax)}`;
  return `${usd}, ${tokens} tokens`;
}
