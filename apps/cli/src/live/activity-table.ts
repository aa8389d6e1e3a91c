/** Turns what is running, waiting or due into the rows of `roost ps`. */
import { formatDurationMs } from "@roost/base";
import { tellReason } from "@roost/contract/describe-event";
import type { ActivityRecord } from "@roost/contract/operations";
import { formatSpend } from "../print/format-spend.ts";
import { shortId } from "../print/short-id.ts";
import { relativeTime } from "../print/relative-time.ts";
import { formatTable, type Column } from "../print/table.ts";
import { toneOf, type Paint } from "../print/create-paint.ts";

export function formatActivityTable(
  rows: readonly ActivityRecord[],
  view: { columns: number; paint: Paint; nowMs: number },
): string[] {
  return formatTable(rows, activityColumns(view.nowMs), view);
}

export function activityColumns(nowMs: number): Column<ActivityRecord>[] {
  return [
    { title: "TITLE", value: (row) => row.title, widthMin: 14 },
    { title: "STATE", value: (row) => row.state, tone: (row) => toneOf(row.state) },
    { title: "TIME", value: (row) => timeOf(row, nowMs), tone: () => "dim" },
    { title: "NOW", value: nowOf, widthMin: 12, importance: 2 },
    { title: "WHY", value: (row) => tellReason(row.why), widthMin: 12, importance: 3, label: "why" },
    { title: "HOLDS", value: (row) => row.holds.join(", "), widthMin: 8, importance: 5, label: "holds" },
    { title: "SPENT", value: formatSpend, importance: 4, alignRight: true },
    {
      title: "ID",
      value: (row) => (row.kind === "run" ? shortId(row.id) : row.id),
      tone: () => "dim",
    },
  ];
}

function nowOf({ state, stepName, waitingFor, sessionKey }: ActivityRecord): string {
  if (state === "running") return stepName ?? "starting";
  return waitingFor ?? (state === "queued" ? `behind ${sessionKey ?? "another run"}` : "");
}

/** How long it has been in its state, or until it is due. */
function timeOf({ state, sinceAt, dueAt }: ActivityRecord, nowMs: number): string {
  if (state === "due") return relativeTime(dueAt, nowMs);
  if (sinceAt === null) return "";
  const wholeSeconds = Math.floor((nowMs - Date.parse(sinceAt)) / 1000);
  return wholeSeconds < 1 ? "now" : formatDurationMs(wholeSeconds * 1000);
}
