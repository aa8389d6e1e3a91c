/** What a run is asked, as its first message: a person's message, a job's prompt with facts of its tick, a task. */
import { formatDurationMs } from "@roost/base";
import { heartbeatPromptDefault } from "@roost/agent/heartbeat";
import { isUntrusted } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { Run } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { readMessage } from "../sessions/read-transcript.ts";
import type { Calendar } from "../visibility/calendar.ts";
import type { Asked, AskedMessage } from "../sessions/message.ts";
import { withSpeaker } from "../sessions/with-speaker.ts";

/** Whether a job's run stands beside a conversation: on its view, and between its turns once it is over. */
export function isBesideConversation({ jobId, sessionKind }: Pick<Run, "jobId" | "sessionKind">): boolean {
  return jobId !== null && sessionKind === "main";
}

export async function runMessage(memory: Memory, run: Run, sql: Sql = memory.kernel.database): Promise<Asked> {
  const { input } = run;
  if (typeof input["messageId"] === "string") {
    const stored = await readMessage(memory, input["messageId"], sql);
    if (stored?.content.role === "user") {
      const labels = await memory.kernel.labelSets.read(sql, stored.labels);
      return { message: withSpeaker(stored.content, "asked"), labels, seq: stored.seq, ...broughtByProgram(run) };
    }
  }
  const labels = await memory.kernel.labelSets.read(sql, run.labels);
  if (run.sessionKind === "subagent") {
    const task = input["task"] ?? input["prompt"];
    const text = typeof task === "string" ? task : JSON.stringify(task ?? run.reason);
    // A parent that has read outside content may repeat it in the task.
    const marked = isUntrusted(labels) && { isUntrusted: true, from: "the run that set this task" };
    return { message: { role: "user", text, ...marked }, labels };
  }
  const events = eventText(input);
  const message: AskedMessage = { role: "user", text: jobText(memory, run, { hasEvents: events !== "" }) };
  if (events === "") return { message, labels };
  const brought: AskedMessage = { role: "user", text: events, isUntrusted: true, from: "the log" };
  // The run has the labels of the events that started it.
  return { message, labels, brought };
}

/** What a program tells an agent beside the message. It stands before the message, and replaces nothing. */
function broughtByProgram({ input, sessionKind }: Run): Pick<Asked, "brought"> {
  const { toldByProgram: text } = input;
  if (typeof text !== "string") return {};
  const mark = sessionKind === "channel" && { isUntrusted: true };
  const said = `The program that passes on the next message tells you, beside your own instructions:\n${text}\n(So far the program.)`;
  return { brought: { role: "user", text: said, from: "the program that passes on the message", ...mark } };
}

function jobText(memory: Memory, run: Run, { hasEvents }: { hasEvents: boolean }): string {
  const prompt = typeof run.input["prompt"] === "string" ? run.input["prompt"].trim() : "";
  const { heartbeat } = memory.settings;
  const asked =
    prompt !== ""
      ? prompt
      : run.sessionKind === "heartbeat"
        ? (heartbeat.prompt ?? heartbeatPromptDefault)
        : hasEvents
          ? "Do what this job is for."
          : run.reason;
  const { jobId, sessionKind, title } = run;
  const isMarked = jobId !== null && (sessionKind === "cron" || sessionKind === "main");
  const head = isMarked ? `[${sessionKind === "cron" ? "cron" : "job"}:${jobId} ${title ?? jobId}]\n` : "";
  const facts = tickFacts(run, memory.calendar);
  const pointer = hasEvents ? "What started this run stands above, as content that nobody vouches for." : "";
  return `${head}${[asked, facts, pointer].filter((part) => part !== "").join("\n\n")}`;
}

/** Length of the events that started a run; the rest is in the log. */
const eventCharsMax = 8_000;
const eventsCharsMax = 32_000;

function eventText({ event, events, eventCount }: Run["input"]): string {
  const shown = (value: unknown, charsMax: number) => JSON.stringify(value, null, 2).slice(0, charsMax).toWellFormed();
  if (event !== undefined) return `The event that started this:\n${shown(event, eventCharsMax)}`;
  if (events === undefined) return "";
  return `The ${String(eventCount)} events that started this, oldest first:\n${shown(events, eventsCharsMax)}`;
}

/** A run that is less late than this counts as on time. */
const lateMsMin = 60_000;

/** When it was due, how late it is, what was missed. */
export function tickFacts(
  run: Pick<Run, "scheduledAt" | "lateMs" | "missedCount" | "attempt">,
  calendar: Calendar,
): string {
  const facts: string[] = [];
  if (run.scheduledAt !== null) facts.push(`Scheduled for ${calendar.momentAt(run.scheduledAt.getTime())}.`);
  if (run.lateMs !== null && run.lateMs >= lateMsMin) facts.push(`This run is ${formatDurationMs(run.lateMs)} late.`);
  if (run.missedCount !== null && run.missedCount > 0) {
    facts.push(
      run.missedCount === 1 ? "One tick before it was missed." : `${run.missedCount} ticks before it were missed.`,
    );
  }
  if (run.attempt > 1) facts.push(`This is attempt ${run.attempt}: an earlier one failed.`);
  return facts.join(" ");
}
