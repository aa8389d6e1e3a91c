/** A job as stored by OpenClaw: in the file of 2026.3, and in the database and export of later versions. Each is read by itself. */
import { createHash } from "node:crypto";
import { isJsonObject } from "@roost/base";
import { writtenFaults } from "@roost/jobs/files";
import { z } from "zod";
import { withoutNulls } from "../../import/found/without-nulls.ts";

const Schedule = z.looseObject({
  kind: z.string(),
  at: z.string().optional(),
  atMs: z.number().optional(),
  everyMs: z.number().optional(),
  anchorMs: z.number().optional(),
  expr: z.string().optional(),
  tz: z.string().optional(),
  staggerMs: z.number().optional(),
});

const Payload = z.looseObject({
  kind: z.string(),
  text: z.string().optional(),
  message: z.string().optional(),
  model: z.string().optional(),
  timeoutSeconds: z.number().optional(),
});

const CronJobFields = z.looseObject({
  id: z.string().min(1).optional(),
  /** Name of the id in older versions. */
  jobId: z.string().min(1).optional(),
  declarationKey: z.string().nullish(),
  agentId: z.string().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
  createdAtMs: z.number().optional(),
  schedule: Schedule,
  sessionTarget: z.string().optional(),
  wakeMode: z.string().optional(),
  payload: Payload,
  delivery: z.looseObject({ mode: z.string().optional() }).nullish(),
  state: z.looseObject({ nextRunAtMs: z.number().optional() }).nullish(),
});

const words = (text: string) => text.split(" ");

/** Names that Roost reads, or whose meaning has no consequence here. */
const fieldsRead: Readonly<Record<string, readonly string[]>> = {
  "": [
    ...Object.keys(CronJobFields.shape),
    ...words("message text deleteAfterRun sessionKey failureAlert pacing toolsAllow trigger"),
    ...words("updatedAtMs configRevision owner"),
  ],
  "schedule.": [...Object.keys(Schedule.shape), "cron"],
  "payload.": [
    ...Object.keys(Payload.shape),
    ...words("fallbacks thinking allowUnsafeExternalContent lightContext toolsAllow"),
    ...words("deliver channel to bestEffortDeliver"),
  ],
};

/** Fields that mean nothing here, as paths. Of a schedule or payload of a kind that is not known, which is said as a whole, none. */
export function unknownFields({ schedule, payload, ...job }: CronJob): string[] {
  const ofKnown = (part: { kind: string }, kinds: readonly string[]) => (kinds.includes(part.kind) ? part : {});
  const parts: Record<string, object> = {
    "": job,
    "schedule.": ofKnown(schedule, ["cron", "every", "at"]),
    "payload.": ofKnown(payload, ["agentTurn", "systemEvent"]),
  };
  return Object.entries(parts).flatMap(([place, fields]) =>
    Object.keys(fields).flatMap((name) => (fieldsRead[place]!.includes(name) ? [] : [`${place}${name}`])),
  );
}

export type CronJob = z.output<typeof CronJobFields> & { id: string };

/** A job that cannot be read: kept here, disabled, with its reason. */
export interface UnreadableJob {
  id: string;
  name: string | undefined;
  reason: string;
  /** As stored there. */
  text: string;
}

export interface ReadJobs {
  jobs: CronJob[];
  unreadable: UnreadableJob[];
}

/** Reads each job by itself: one that is unreadable, has no id or a duplicate id does not affect the others. */
export function readCronJobs(values: readonly unknown[]): ReadJobs {
  const jobs: CronJob[] = [];
  const unreadable: UnreadableJob[] = [];
  const seen = new Map<string, string>();
  for (const value of values) {
    const text = JSON.stringify(value) ?? "";
    const id = idOf(value);
    const other = id === undefined ? undefined : seen.get(id);
    // The same job listed twice is one job.
    if (other === text) continue;
    const parsed = CronJobFields.safeParse(asNow(value));
    const reason =
      id === undefined
        ? "it has no id there"
        : other !== undefined
          ? `another job there also has the id "${id}"`
          : parsed.success
            ? undefined
            : writtenFaults(parsed.error).join("; ");
    if (id !== undefined && other === undefined) seen.set(id, text);
    if (reason === undefined && parsed.success && id !== undefined) jobs.push({ ...parsed.data, id });
    else {
      const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
      const given = id === undefined ? `job-${hash}` : other === undefined ? id : `${id}-${hash}`;
      unreadable.push({ id: given, name: nameOf(value), reason: reason ?? "it cannot be read", text });
    }
  }
  return { jobs, unreadable };
}

/** Fields that count, wherever they stand. */
const counts = ["atMs", "everyMs", "anchorMs", "staggerMs", "timeoutSeconds", "createdAtMs", "nextRunAtMs"];

/** As the program itself reads what earlier versions and people wrote: counts as texts, a schedule without its kind, a prompt beside the payload. */
function asNow(value: unknown): unknown {
  const job = withoutNulls(value);
  if (!isJsonObject(job)) return value;
  const { enabled, schedule, payload, message, text } = job;
  const said = payload === undefined && typeof (message ?? text) === "string";
  return {
    ...withCounts(job),
    ...(enabled === "true" || enabled === "false" ? { enabled: enabled === "true" } : {}),
    ...(isJsonObject(schedule) ? { schedule: scheduleOf(withCounts(schedule)) } : {}),
    ...(said
      ? { payload: message === undefined ? { kind: "systemEvent", text } : { kind: "agentTurn", message } }
      : {}),
    ...(isJsonObject(payload) ? { payload: withCounts(payload) } : {}),
  };
}

function scheduleOf({ cron, at, ...rest }: Record<string, unknown>): Record<string, unknown> {
  const expr = rest["expr"] ?? cron;
  const moment = typeof at === "number" ? { atMs: at } : at === undefined ? {} : { at };
  const kind =
    rest["kind"] ??
    (expr !== undefined
      ? "cron"
      : rest["everyMs"] !== undefined
        ? "every"
        : "atMs" in rest || at !== undefined
          ? "at"
          : undefined);
  return { ...rest, ...moment, ...(expr === undefined ? {} : { expr }), ...(kind === undefined ? {} : { kind }) };
}

function withCounts(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, each]) => [
      name,
      counts.includes(name) && typeof each === "string" && /^\d+(\.\d+)?$/.test(each.trim()) ? Number(each) : each,
    ]),
  );
}

const internalDeclaration = /^(?:heartbeat|skill-collection-review|memory-core):/;
const internalPrompt = /^\s*__openclaw_[a-z_]+__\s*$/;

/** Whether OpenClaw created the job for itself: its prompt has no meaning elsewhere. */
export function isInternal({ declarationKey, description, payload }: CronJob): boolean {
  return (
    payload.kind === "heartbeat" ||
    internalDeclaration.test(declarationKey ?? "") ||
    internalPrompt.test(payload.message ?? payload.text ?? "") ||
    description?.startsWith("[managed-by=") === true
  );
}

function idOf(value: unknown): string | undefined {
  const { id, jobId } = (typeof value === "object" && value !== null ? value : {}) as { id?: unknown; jobId?: unknown };
  return [id, jobId].find((each): each is string => typeof each === "string" && each.trim() !== "");
}

function nameOf(value: unknown): string | undefined {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
}
