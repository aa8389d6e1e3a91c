/** `roost rehearse`: plays the coming hours in simulated time and reports. The report is written by ../rehearsal. */
import { parseDurationMs, RoostError } from "@roost/base";
import { followRehearsal, type AskedRehearsal } from "@roost/contract/follow-rehearsal";
import { rehearsalHoursMax, type Rehearsal, type RehearsalReport } from "@roost/contract/operations";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { parseMoment, readHomeZone } from "../home-zone.ts";
import { readJobFiles } from "../jobs/read-job-files.ts";
import { parseOptionCount } from "../parse-option.ts";
import { catchSignals } from "../processes/catch-signals.ts";
import { printReport } from "../rehearsal/print-report.ts";

interface RehearseOptions {
  hours: number;
  from?: string;
  jobs?: string;
  runs?: boolean;
}

export function addRehearseCommand(program: Command, context: CliContext): void {
  program
    .command("rehearse")
    .summary("simulate the coming hours and report")
    .description(
      "Plays the coming hours in simulated time, without a model and without effects: which ticks fire, are skipped, overlap or collide, what each run would read and cost, and which cap would be exceeded. The home does not change.",
    )
    .option("--hours <count>", `how many, 1 to ${rehearsalHoursMax}`, parseOptionCount, 24)
    .option(
      "--from <moment>",
      "begin then instead of now: 2027-03-28T00:00, 06:00 or 2d from now, in the home's time zone",
    )
    .option("-j, --jobs <path>", "use the jobs of this file or directory without applying them; - reads stdin")
    .option("--runs", "also list every run")
    .action(async ({ hours, from, jobs, runs }: RehearseOptions) => {
      const { terminal } = context;
      const tried = jobs === undefined ? {} : { jobs: await readJobFiles(jobs, context.stdin) };
      const { client } = await context.connect();
      const begin =
        from === undefined ? {} : { from: momentOf(from, context.clock.nowMs(), await readHomeZone(client)) };
      const report = await play(context, client, { hours, ...begin, ...tried });
      if (terminal.isJson) return terminal.json(report);
      printReport(terminal, report, { withRuns: runs === true });
    });
}

/** Plays it to its end; Ctrl-C cancels it. */
async function play({ terminal }: CliContext, client: RoostClient, asked: AskedRehearsal): Promise<RehearsalReport> {
  const stop = new AbortController();
  using _signals = catchSignals(["SIGINT", "SIGTERM"], () => stop.abort());
  using progress = terminal.progress("rehearsing");
  return await followRehearsal(client, asked, {
    signal: stop.signal,
    onProgress(rehearsal) {
      const text = `rehearsing: ${percentOf(rehearsal)} %, ${rehearsal.runCount} runs`;
      progress.update(terminal.isScreen ? text : "rehearsing");
    },
  });
}

function percentOf({ from, until, playedUntil }: Rehearsal): number {
  const whole = Date.parse(until) - Date.parse(from);
  return Math.max(0, Math.min(100, Math.floor(((Date.parse(playedUntil) - Date.parse(from)) / whole) * 100)));
}

const dayMs = 86_400_000;

/** A time without an offset is in the home's zone; a time of day is the next such moment. */
function momentOf(text: string, nowMs: number, timeZone: string): string {
  const ms = /^\d{4}-/.test(text)
    ? parseMoment(text, timeZone)
    : (nextTimeOfDay(text, nowMs, timeZone) ?? inA(text, nowMs));
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new RoostError(
    "invalid_input",
    `--from "${text}" is not a moment: give one like 2027-03-28T00:00 or 06:00, or a duration like 2d`,
  );
}

function nextTimeOfDay(text: string, nowMs: number, timeZone: string): number | undefined {
  if (!/^\d{1,2}:\d{2}$/.test(text)) return undefined;
  const date = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
  const [today = Number.NaN, tomorrow = Number.NaN] = [nowMs, nowMs + dayMs].map((ms) =>
    parseMoment(`${date.format(ms)}T${text.padStart(5, "0")}`, timeZone),
  );
  return today > nowMs ? today : tomorrow;
}

/** NaN when it is not a duration. */
function inA(text: string, nowMs: number): number {
  try {
    return nowMs + parseDurationMs(text.replace(/^in /, "").replace(/ from now$/, ""));
  } catch {
    return Number.NaN;
  }
}
