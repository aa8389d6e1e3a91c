import { createHash } from "node:crypto";
import type { CronJob } from "./cron-job.ts";

const topOfHourMs = 300_000;
const delayMsMax = 86_400_000;
const hourPart = /^(?:\d+|\d+-\d+)(?:\/\d+)?$|^[*?](?:\/\d+)?$/;

/** The delay of a cron after its due times, within its stagger and constant per job. A cron at full hours has a default one. */
export function staggerOf({ id, schedule }: Pick<CronJob, "id" | "schedule">): number {
  const { expr = "", staggerMs } = schedule;
  const withinMs = Math.floor(staggerMs ?? (isOnFullHours(expr) ? topOfHourMs : 0));
  if (withinMs <= 1) return 0;
  return Math.min(createHash("sha256").update(id).digest().readUInt32BE(0) % withinMs, delayMsMax);
}

function isOnFullHours(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return false;
  const [hour = "", minute, second = "0"] = fields.slice(0, fields.length - 3).toReversed();
  const parts = hour.split(",");
  return (
    minute === "0" &&
    second === "0" &&
    parts.every((part) => hourPart.test(part)) &&
    parts.some((part) => /^[*?]/.test(part))
  );
}
