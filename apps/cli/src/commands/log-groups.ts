/** `roost log groups …`: lists consumer groups, resets their position, skips an event, deletes a group. */
import { formatDurationMs, parseDurationMs, RoostError } from "@roost/base";
import type { ConsumerGroupRecord, GroupPartitionRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { toneOf, type Tone } from "../print/create-paint.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const groupsMax = 5000;

export function addLogGroupsCommands(log: Command, context: CliContext): void {
  const groups = log
    .command("groups")
    .summary("manage consumer groups")
    .description("Lists consumer groups with their lag, or shows one with its partitions.");
  addShow(groups, context);
  addReset(groups, context);
  addSkip(groups, context);
  addRemove(groups, context);
}

function addShow(groups: Command, context: CliContext): void {
  groups
    .command("show", { isDefault: true })
    .description("Lists consumer groups, or shows the partitions of one.")
    .argument("[group]", "show only this one, with its partitions")
    .action(async (name: string | undefined) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      if (name !== undefined) {
        const { group } = await client.getGroup({ group: name }).catch((error: unknown) => {
          if (error instanceof RoostError && error.code === "invalid_input") refuseUnknownCommand(groups, name);
          throw error;
        });
        if (terminal.isJson) return terminal.json({ group });
        return printGroup(context, group);
      }
      const rows = await readPages((page) => client.listGroups(page), groupsMax);
      if (terminal.isJson) return terminal.json({ groups: rows });
      terminal.table(rows, groupColumns(clock.nowMs()), "There are no consumer groups");
    });
}

interface ResetOptions {
  to: string;
  topic?: string;
  partition?: string;
  force?: boolean;
}

function addReset(groups: Command, context: CliContext): void {
  groups
    .command("reset")
    .description("Moves a group to another place in the log, from where it reads on.")
    .argument("<group>", "name of the group")
    .requiredOption("--to <place>", "earliest, latest, an offset, a time (2025-06-01T06:00:00Z) or an age (2h)")
    .option("--topic <name>", "only this topic")
    .option("-p, --partition <place>", "only this partition, as in runs/0")
    .option("--force", "also for a group of Roost's own")
    .action(async (group: string, options: ResetOptions) => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const place = options.partition === undefined ? {} : parsePlace(options.partition);
      const { moved } = await client.resetGroup({
        group,
        topic: options.topic,
        ...place,
        ...targetOf(options.to, clock.nowMs()),
        force: options.force ?? false,
      });
      if (terminal.isJson) return terminal.json({ moved });
      for (const { topic, partition, from, to } of moved)
        terminal.line(`${plainLine(topic)}/${partition}: ${from} → ${to}`);
    });
}

function addSkip(groups: Command, context: CliContext): void {
  groups
    .command("skip")
    .description("Skips the event that a group fails on. The event stays in the log, and the skip is recorded.")
    .argument("<group>", "name of the group")
    .argument("<partition>", "partition that fails, as in runs/0")
    .option(
      "-o, --offset <number>",
      "the event's offset, for scripts; refused if the group fails elsewhere (default: the failing offset)",
    )
    .option("--reason <text>", "reason to record")
    .action(async (name: string, where: string, { offset, reason }: { offset?: string; reason?: string }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      const place = parsePlace(where);
      const failing = offset === undefined ? await failingOffset(client, name, place) : parseOffset(offset);
      const skipped = await client.skipEvent({
        group: name,
        ...place,
        offset: failing,
        reason,
      });
      if (terminal.isJson) return terminal.json(skipped);
      terminal.line(`Skipped offset ${failing} of ${plainLine(where)}; ${name} continues at ${skipped.nextOffset}`);
    });
}

function addRemove(groups: Command, context: CliContext): void {
  groups
    .command("remove")
    .alias("rm")
    .description("Removes a group with its position.")
    .argument("<group>", "name of the group")
    .action(async (group: string) => {
      const { client } = await context.connect();
      const answer = await client.removeGroup({ group });
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.line(`Removed ${group}`);
    });
}

type Client = Awaited<ReturnType<CliContext["connect"]>>["client"];

async function failingOffset(
  client: Client,
  name: string,
  place: { topic: string; partition: number },
): Promise<number> {
  const { group } = await client.getGroup({ group: name });
  const found = group.partitions.find((each) => each.topic === place.topic && each.partition === place.partition);
  if (found?.state === "failing") return found.cursor;
  throw new RoostError(
    "conflict",
    `group "${name}" has no failing event in ${place.topic}/${place.partition}${found === undefined ? "" : `: it is ${found.state}`}`,
  );
}

/** @throws RoostError `invalid_input` */
function parsePlace(text: string): { topic: string; partition: number } {
  const [, topic, partition] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  if (topic === undefined)
    throw new RoostError("invalid_input", `"${text}" is not a partition: write topic/number, as in runs/0`);
  return { topic, partition: Number(partition) };
}

function parseOffset(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RoostError("invalid_input", `offset "${text}" must be a whole number, 0 or greater`);
}

function targetOf(to: string, nowMs: number): { to?: "earliest" | "latest"; offset?: number; since?: string } {
  if (to === "earliest" || to === "latest") return { to };
  if (/^\d{1,15}$/.test(to)) return { offset: Number(to) };
  const atMs = /^\d{4}-\d\d-\d\d/.test(to) ? Date.parse(to) : nowMs - parseDurationMs(to);
  if (Number.isNaN(atMs))
    throw new RoostError(
      "invalid_input",
      `"${to}" is not a position: give earliest, latest, an offset, a time like 2025-06-01T06:00:00Z or an age like 2h`,
    );
  return { since: new Date(atMs).toISOString() };
}

const stateOrder = ["out_of_range", "failing", "lagging", "current", "idle"] as const;

function worstOf({ partitions }: ConsumerGroupRecord): GroupPartitionRecord["state"] {
  return stateOrder.find((state) => partitions.some((each) => each.state === state)) ?? "idle";
}

function toneOfState(state: GroupPartitionRecord["state"]): Tone {
  if (state === "failing" || state === "out_of_range") return "bad";
  return state === "lagging" ? toneOf("waiting") : state === "current" ? "good" : "dim";
}

function lagOf(lagMs: number | null): string {
  return lagMs === null ? "" : formatDurationMs(Math.floor(lagMs / 1000) * 1000);
}

function groupColumns(nowMs: number): Column<ConsumerGroupRecord>[] {
  const reading = ({ partitions }: ConsumerGroupRecord) => partitions.filter((each) => each.state !== "idle");
  return [
    { title: "GROUP", value: (group) => group.name },
    { title: "STATE", value: worstOf, tone: (group) => toneOfState(worstOf(group)) },
    {
      title: "LAG",
      value: (group) => String(reading(group).reduce((sum, each) => sum + each.lagCount, 0)),
      alignRight: true,
      label: "behind by",
    },
    {
      title: "BEHIND",
      value: (group) =>
        lagOf(
          Math.max(...reading(group).map((each) => each.lagMs ?? -1), -1) < 0
            ? null
            : Math.max(...reading(group).map((each) => each.lagMs ?? 0)),
        ),
      alignRight: true,
    },
    {
      title: "FAILING EVENTS",
      value: ({ setAsideAfter }) => (setAsideAfter === null ? "stop it" : "are set aside"),
      importance: 2,
      label: "failing events",
    },
    {
      title: "PARTITIONS",
      value: (group) => String(group.partitions.length),
      alignRight: true,
      importance: 3,
      label: "partitions",
    },
    {
      title: "MOVED",
      value: (group) =>
        relativeTime(
          group.partitions
            .map((each) => each.movedAt)
            .toSorted()
            .at(-1) ?? null,
          nowMs,
        ),
      importance: 2,
      label: "moved",
    },
  ];
}

function printGroup({ terminal, clock }: CliContext, group: ConsumerGroupRecord): void {
  const nowMs = clock.nowMs();
  const columns: Column<GroupPartitionRecord>[] = [
    { title: "PARTITION", value: (each) => `${each.topic}/${each.partition}` },
    { title: "STATE", value: (each) => each.state, tone: (each) => toneOfState(each.state) },
    { title: "CURSOR", value: (each) => String(each.cursor), alignRight: true, label: "cursor" },
    { title: "HEAD", value: (each) => String(each.head), alignRight: true, label: "head", importance: 2 },
    { title: "LAG", value: (each) => String(each.lagCount), alignRight: true, label: "behind by" },
    { title: "BEHIND", value: (each) => lagOf(each.lagMs), alignRight: true },
    { title: "LAST ERROR", value: (each) => errorOf(each, nowMs), widthMin: 12, importance: 3, label: "last error" },
  ];
  terminal.table(group.partitions, columns, "It has read nothing yet");
  for (const place of group.partitions) {
    if (place.state === "failing")
      terminal.note(
        `${place.topic}/${place.partition} fails on ${place.eventType ?? "the event"} (offset ${place.cursor}${place.eventId === null ? "" : `, id ${plainLine(place.eventId)}`}): roost log read ${place.topic} -p ${place.partition} -o ${place.cursor} -n 1, roost log groups skip ${group.name} ${place.topic}/${place.partition}`,
      );
    if (place.isPinned && place.lagCount > 0)
      terminal.note(
        `${place.topic}/${place.partition}: retention keeps ${place.lagCount} events for it, the oldest ${lagOf(place.lagMs)} old`,
        "dim",
      );
    if (place.state === "out_of_range")
      terminal.note(
        `${place.topic}/${place.partition}: offset ${place.cursor} is out of range, earliest is ${place.earliest}: roost log groups reset ${group.name} -p ${place.topic}/${place.partition} --to earliest`,
      );
  }
}

function errorOf({ lastError, failureCount, failedAt }: GroupPartitionRecord, nowMs: number): string {
  if (lastError === null) return "";
  const times = failureCount > 1 ? ` (${failureCount} times)` : "";
  return `${lastError.message}${times}, ${relativeTime(failedAt, nowMs)}`;
}
