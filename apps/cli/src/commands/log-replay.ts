/** `roost log projections` and `roost log replay`: lists projections, and rebuilds one from the log. */
import type { ProjectionRecord } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { relativeTime } from "../print/relative-time.ts";
import type { Column } from "../print/table.ts";
import { plainLine } from "@roost/base/text-width";

export function addLogReplayCommands(log: Command, context: CliContext): void {
  addProjections(log, context);
  addReplay(log, context);
}

function addProjections(log: Command, context: CliContext): void {
  log
    .command("projections")
    .description("Lists projections and the result of their last comparison with the log.")
    .action(async () => {
      const { terminal, clock } = context;
      const { client } = await context.connect();
      const { items: projections } = await client.listProjections({ limit: 500 });
      if (terminal.isJson) return terminal.json({ projections });
      terminal.table(projections, projectionColumns(clock.nowMs()), "There are no projections");
    });
}

function addReplay(log: Command, context: CliContext): void {
  log
    .command("replay")
    .description(
      "Rebuilds a projection from the log beside the live one, compares the two byte by byte and replaces the live one. An interrupted replay continues when it is called again. With --check it only compares, and exits with 1 when they differ.",
    )
    .argument("<projection>", "name from roost log projections")
    .option("--check", "only compare, and show the first difference")
    .action(async (projection: string, { check = false }: { check?: boolean }) => {
      const { terminal } = context;
      const { client } = await context.connect();
      using progress = terminal.progress(`Reading the log for ${projection}`);
      let step = await client.replayProjection({ projection, check });
      while (step.state === "building") {
        progress.update(
          `Reading the log for ${projection}: ${step.appliedCount} events applied, ${step.remainingCount} left`,
        );
        step = await client.replayProjection({ projection, check });
      }
      if (check && step.isEqual === false) context.exitWith(exitCodes.answerIsNo);
      if (terminal.isJson) return terminal.json(step);
      const { difference, appliedCount } = step;
      const what = `${plainLine(projection)}, from ${appliedCount} events`;
      if (difference === null)
        return terminal.line(
          `${what}: ${terminal.paint("equal", "good")}, byte for byte (sha256 ${step.sha256 ?? ""})`,
        );
      terminal.line(`${what}: ${terminal.paint("different", "bad")} at ${plainLine(difference.where)}`);
      terminal.line(`  live  ${plainLine(JSON.stringify(difference.live))}`);
      terminal.line(`  log   ${plainLine(JSON.stringify(difference.log))}`);
      terminal.note(check ? `roost log replay ${projection} restores it from the log` : "It now matches the log");
    });
}

function projectionColumns(nowMs: number): Column<ProjectionRecord>[] {
  return [
    { title: "PROJECTION", value: (one) => one.name },
    { title: "TOPICS", value: (one) => one.topics.join(", "), importance: 3, label: "from" },
    { title: "TABLES", value: (one) => one.tables.join(", "), importance: 2, label: "to" },
    { title: "COMPARED", value: (one) => relativeTime(one.last?.endedAt, nowMs), label: "compared" },
    {
      title: "STATE",
      value: ({ building, last }) =>
        building !== null ? "building" : last === null ? "" : last.isEqual ? "equal" : "differed",
      tone: ({ building, last }) => (building === null && last?.isEqual === false ? "bad" : "good"),
    },
  ];
}
