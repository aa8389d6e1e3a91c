/** `roost log …`: follows events, reads a partition from an offset, and explains why something happened. */
import { tellReason } from "@roost/contract/describe-event";
import { describeEventData, type CausalNodeRecord, type Event } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { findRunId } from "../find-by-id.ts";
import { refuseUnknown } from "../help/refuse-unknown.ts";
import type { RoostClient } from "../connect.ts";
import { formatClock, formatMoment, readHomeZone } from "../home-zone.ts";
import { collectOption, parseOptionCount, parseOptionDuration, parseOptionLimit } from "../parse-option.ts";
import { cutText, plainLine, textWidth } from "@roost/base/text-width";
import { shortId } from "../print/short-id.ts";
import { readPages } from "../read-pages.ts";
import { addLogDeadCommands } from "./log-dead.ts";
import { addLogGroupsCommands } from "./log-groups.ts";
import { addLogReplayCommands } from "./log-replay.ts";
import { addLogSchemasCommands } from "./log-schemas.ts";

interface TailOptions {
  topic?: string[];
  type?: string[];
  subject?: string;
  last: number;
  since?: number;
}

export function addLogCommands(program: Command, context: CliContext): void {
  const log = program.command("log").summary("read the event log").description("Reads the event log.");
  addTail(log, context);
  addRead(log, context);
  addTopics(log, context);
  addLogGroupsCommands(log, context);
  addLogDeadCommands(log, context);
  addLogSchemasCommands(log, context);
  addLogReplayCommands(log, context);
  addWhy(log, context);
}

function addTail(log: Command, context: CliContext): void {
  log
    .command("tail")
    .description(
      "Prints the last events and then new ones as they come, until Ctrl-C. With --json each event is one line.",
    )
    .option("--topic <name>", "only this topic; may be repeated", collectOption)
    .option("--type <type>", "only this type, as in run.done; may be repeated", collectOption)
    .option("--subject <id>", "only this run, job, session, …")
    .option("-n, --last <count>", "how many earlier events to print first", parseOptionCount, 10)
    .option("--since <duration>", "start with events of this age, as in 2h", parseOptionDuration)
    .action(async (options: TailOptions) => {
      const { client } = await context.connect();
      await requireTypes(client, options.type ?? []);
      const timeZone = await readHomeZone(client);
      const events = client.tailEvents({
        topics: options.topic,
        types: options.type,
        subject: options.subject,
        ...(options.since === undefined
          ? { last: options.last }
          : { since: new Date(context.clock.nowMs() - options.since).toISOString() }),
      });
      for await (const { data: event } of events) printEvent(context, event, timeZone);
    });
}

function addRead(log: Command, context: CliContext): void {
  log
    .command("read")
    .description("Prints events of one partition from an offset.")
    .argument("<topic>", "name from roost log topics")
    .option("-p, --partition <number>", "the partition (default: 0)", parseOptionCount)
    .option("-o, --offset <number>", "first offset to read (default: the earliest kept)", parseOptionCount)
    .option("-n, --limit <count>", "how many to print", parseOptionLimit, 100)
    .action(async (topic: string, options: { partition?: number; offset?: number; limit: number }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const page = await client.readEvents({ topic, ...options, partition: options.partition ?? 0 });
      if (terminal.isJson) return terminal.json(page);
      const timeZone = await readHomeZone(client);
      for (const event of page.items) printEvent(context, event, timeZone);
      if (options.partition === undefined) await notePartitions(context, client, topic);
      if (page.nextOffset < page.headOffset)
        terminal.note(`More from offset ${page.nextOffset} of ${page.headOffset}: --offset ${page.nextOffset}`, "dim");
    });
}

/** Who named no partition may think to have read the topic. */
async function notePartitions({ terminal }: CliContext, client: RoostClient, topic: string): Promise<void> {
  const { items: topics } = await client.listTopics({ limit: 500 });
  const count = topics.find(({ name }) => name === topic)?.partitions.length ?? 1;
  if (count === 1) return;
  terminal.note(
    `This was partition 0 of 0 to ${count - 1}: --partition reads another, roost log tail --topic ${topic} reads all`,
    "dim",
  );
}

function addTopics(log: Command, context: CliContext): void {
  log
    .command("topics")
    .description("Lists topics with their event counts.")
    .action(async () => {
      const { terminal } = context;
      const { client } = await context.connect();
      const { items: topics } = await client.listTopics({ limit: 500 });
      if (terminal.isJson) return terminal.json({ topics });
      terminal.table(
        topics,
        [
          { title: "TOPIC", value: (topic) => topic.name },
          {
            title: "PARTITIONS",
            value: (topic) => String(topic.partitions.length),
            alignRight: true,
            label: "partitions",
          },
          {
            title: "EVENTS",
            value: (topic) => String(topic.partitions.reduce((sum, one) => sum + one.nextOffset - one.firstOffset, 0)),
            alignRight: true,
            label: "events",
          },
        ],
        "There are no topics",
      );
    });
}

function addWhy(log: Command, context: CliContext): void {
  log
    .command("why")
    .description("Explains why a run ran, back to the first cause, and what it caused.")
    .argument("<run>", "id of the run, the end of one, or last")
    .option("-n, --limit <count>", "how many effects to print", parseOptionLimit, 200)
    .action(async (given: string, { limit }: { limit: number }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const story = await client.explainRun({ runId: await findRunId(client, given), limit });
      if (terminal.isJson) return terminal.json(story);
      terminal.line(`${terminal.paint(plainLine(story.run.title), "strong")}: ${plainLine(tellReason(story.why))}`);
      const timeZone = await readHomeZone(client);
      printNodes(context, "what led to it", { nodes: story.causes, timeZone });
      printNodes(context, "what it led to", { nodes: story.effects.items, timeZone });
      if (story.isCut) terminal.note(`There is more: --limit ${limit * 2}`, "dim");
    });
}

function printNodes(
  { terminal }: CliContext,
  title: string,
  { nodes, timeZone }: { nodes: readonly CausalNodeRecord[]; timeZone: string },
): void {
  if (nodes.length === 0) return;
  terminal.line(terminal.paint(title, "dim"));
  for (const node of nodes) {
    const head = `${formatClock(node.time, timeZone)} ${"  ".repeat(Math.min(node.depth, 8))}`;
    const text = cutText(plainLine(node.text), Math.max(10, terminal.columns - textWidth(head) - 2));
    terminal.line(`  ${terminal.paint(head, "dim")}${text}`);
  }
}

/** The time, what happened, to which thing, and what is known of it; with --json the whole event. */
function printEvent({ terminal, clock }: CliContext, event: Event, timeZone: string): void {
  if (terminal.isJson) return terminal.jsonLine(event);
  const { paint } = terminal;
  const type = plainLine(event.type);
  const time = formatMoment(event.time, { timeZone, nowMs: clock.nowMs() });
  const subject = event.subject === null ? "" : subjectOf(plainLine(event.subject));
  const told = plainLine(describeEventData(event));
  const head = [time, type.padEnd(typeWidth), subject].filter(Boolean).join(" ");
  const room = terminal.columns - textWidth(head) - 2;
  const shown = [paint(time, "dim"), paint(type.padEnd(typeWidth), toneOfType(event.type)), subject]
    .filter(Boolean)
    .join(" ");
  terminal.line(
    told === "" || told === event.subject || room < toldWidthMin
      ? shown
      : `${shown}  ${paint(cutText(told, room), "dim")}`,
  );
}

/** Types longer than this are rare. */
const typeWidth = 16;
const toldWidthMin = 8;

function subjectOf(subject: string): string {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(subject) ? shortId(subject) : subject;
}

/** Waiting for an event of a misspelt type would take for ever. */
async function requireTypes(client: RoostClient, types: readonly string[]): Promise<void> {
  if (types.length === 0) return;
  const schemas = await readPages((page) => client.listSchemas(page), schemasMax);
  const known = [...new Set(schemas.map(({ type }) => type))];
  for (const type of types) refuseUnknown(`no event type "${type}" is registered`, type, known);
}

const schemasMax = 10_000;

function toneOfType(type: string) {
  if (/\.(?:failed|lost|unknown|diverged|outdated|missed)$/.test(type)) return "bad";
  if (/\.(?:done|fired|finished)$/.test(type)) return "good";
  return "plain";
}
