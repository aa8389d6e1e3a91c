/** `roost queues …`: lists, pauses and resumes queues. */
import type { QueueRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { refuseUnknownCommand } from "../help/refuse-unknown-command.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "@roost/base/text-width";
import { readPages } from "../read-pages.ts";

const queuesMax = 5000;

export function addQueuesCommands(program: Command, context: CliContext): void {
  const queues = program
    .command("queues")
    .summary("manage queues of runs")
    .description("Lists, pauses and resumes queues.");
  addList(queues, context);
  addPause(queues, context);
  addResume(queues, context);
}

function addList(queues: Command, context: CliContext): void {
  queues
    .command("list", { isDefault: true })
    .alias("ls")
    .description("Lists queues with their contents.")
    .allowExcessArguments()
    .action(async (_options: object, list: Command) => {
      refuseUnknownCommand(queues, list.args[0]);
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const rows = await readPages((page) => client.listQueues(page), queuesMax);
      if (terminal.isJson) return terminal.json({ queues: rows });
      terminal.table(rows, queueColumns(clock.nowMs()), "There are no queues");
    });
}

function addPause(queues: Command, context: CliContext): void {
  queues
    .command("pause")
    .description("Pauses a queue: no worker claims from it until it is resumed. Active runs go on.")
    .argument("[queue]", "name of the queue", "default")
    .option("--reason <text>", "reason to record")
    .action(async (queue: string, { reason }: { reason?: string }) => {
      const { client } = await context.connect();
      const answer = await client.pauseQueue({ queue, reason });
      if (context.terminal.isJson) return context.terminal.json(answer);
      const name = plainLine(queue);
      context.terminal.line(context.terminal.named(`Paused ${name}; resume it with roost queues resume ${name}`));
    });
}

function addResume(queues: Command, context: CliContext): void {
  queues
    .command("resume")
    .description("Resumes a paused queue.")
    .argument("[queue]", "name of the queue", "default")
    .action(async (queue: string) => {
      const { client } = await context.connect();
      const answer = await client.resumeQueue({ queue });
      if (context.terminal.isJson) return context.terminal.json(answer);
      context.terminal.line(`Resumed ${plainLine(queue)}: ${answer.queue.ready} ready`);
    });
}

function queueColumns(nowMs: number): Column<QueueRecord>[] {
  return [
    { title: "QUEUE", value: (queue) => queue.name },
    {
      title: "STATE",
      value: (queue) => (queue.pausedAt === null ? "open" : "paused"),
      tone: (queue) => (queue.pausedAt === null ? "good" : "warn"),
    },
    { title: "READY", value: (queue) => String(queue.ready), alignRight: true },
    { title: "QUEUED", value: (queue) => String(queue.queued), alignRight: true, importance: 3 },
    { title: "RUNNING", value: (queue) => String(queue.running), alignRight: true },
    { title: "WAITING", value: (queue) => String(queue.waiting), alignRight: true, importance: 3 },
    {
      title: "PAUSED",
      value: (queue) =>
        queue.pausedAt === null
          ? ""
          : `${relativeTime(queue.pausedAt, nowMs)} by ${queue.pausedBy ?? "?"}${queue.pausedReason === null ? "" : `: ${queue.pausedReason}`}`,
      importance: 2,
    },
  ];
}
