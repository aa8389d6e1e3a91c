/** `roost ps`: what is running, waiting or due next; live on a terminal. */
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import type { RoostClient } from "../connect.ts";
import { formatClock } from "../home-zone.ts";
import { activityColumns, formatActivityTable } from "../live/activity-table.ts";
import { openScreen } from "../live/open-screen.ts";
import { describeAlarms, printAlarms } from "../print/describe-alarms.ts";
import { readActivity, readAlarms, watchActivity, type ActivityView } from "../live/watch-activity.ts";
import { cutText, plainLine } from "@roost/base/text-width";
import { catchSignals } from "../processes/catch-signals.ts";

const redrawMs = 1000;
const whenEmpty = "Nothing is running, waiting or due";

export function addPsCommand(program: Command, context: CliContext): void {
  program
    .command("ps")
    .summary("show what is running, waiting or due next")
    .description(
      "Shows what is running, waiting or due next, heartbeats included, with the reason and the spending. On a terminal the view is live until q or Ctrl-C; otherwise it is printed once.",
    )
    .option("-w, --watch", "keep printing after each change, also without a terminal")
    .option("-1, --once", "print once, also on a terminal")
    .action(async (options: { watch?: boolean; once?: boolean }) => {
      const { terminal, clock } = context;
      const isLive = options.once !== true && (options.watch === true || (terminal.isScreen && !terminal.isJson));
      const { client } = await context.connect({ isQuiet: isLive });
      if (!isLive) {
        const [rows, { alarms }] = await Promise.all([readActivity(client), readAlarms(client)]);
        if (terminal.isJson) return terminal.json({ alarms, rows });
        printAlarms(terminal, alarms, context.clock.nowMs());
        return terminal.table(rows, activityColumns(clock.nowMs()), whenEmpty);
      }
      if (terminal.isScreen && !terminal.isJson) await showLive(context, client);
      else await printChanges(context, client);
    });
}

async function showLive({ terminal, clock }: CliContext, client: RoostClient): Promise<void> {
  let view: ActivityView | undefined;
  const redraw = () => screen.draw(layOut(view));
  using screen = openScreen(terminal, { onResize: redraw });
  const layOut = (shown: ActivityView | undefined): string[] => {
    const { columns, rows, paint } = terminal;
    const nowMs = clock.nowMs();
    const time = shown?.timeZone === undefined ? "" : ` · ${formatClock(nowMs, shown.timeZone)}`;
    const head = [
      shown === undefined
        ? paint("Asking the gateway …", "dim")
        : paint(cutText(`roost ps${time} · ${describeCounts(shown)} · q quits`, columns), "dim"),
    ];
    if (shown?.trouble !== undefined) head.push(paint(cutText(`! ${plainLine(shown.trouble)}`, columns), "bad"));
    const failures = shown === undefined ? [] : describeAlarms(terminal, shown.alarms, nowMs);
    head.push(...failures.map((line) => paint(cutText(line, columns), "bad")));
    const table = shown === undefined ? [] : formatActivityTable(shown.rows, { columns, paint, nowMs });
    const room = Math.max(1, rows - head.length);
    if (table.length <= room) return [...head, ...table];
    return [...head, ...table.slice(0, room - 1), paint("… more does not fit: roost ps --once", "dim")];
  };
  redraw();
  const timer = setInterval(redraw, redrawMs);
  try {
    await watchActivity(
      client,
      (changed) => {
        view = changed;
        redraw();
      },
      screen.left,
    );
  } finally {
    clearInterval(timer);
  }
}

function describeCounts({ rows }: ActivityView): string {
  const count = (...states: string[]) => rows.filter(({ state }) => states.includes(state)).length;
  return `${count("running")} running, ${count("waiting", "queued", "ready")} waiting, ${count("due")} due`;
}

async function printChanges(context: CliContext, client: RoostClient): Promise<void> {
  const { terminal, clock } = context;
  const leaving = new AbortController();
  using _signals = catchSignals(["SIGINT", "SIGTERM"], () => leaving.abort());
  let last = "";
  await watchActivity(
    client,
    ({ rows, alarms, trouble }) => {
      if (trouble !== undefined) return terminal.note(`roost: ${plainLine(trouble)}; retrying`, "warn");
      const now = JSON.stringify([alarms, rows]);
      if (now === last) return;
      last = now;
      if (terminal.isJson) return terminal.jsonLine({ alarms, rows });
      printAlarms(terminal, alarms, context.clock.nowMs());
      terminal.table(rows, activityColumns(clock.nowMs()), whenEmpty);
      terminal.line();
    },
    leaving.signal,
  );
}
