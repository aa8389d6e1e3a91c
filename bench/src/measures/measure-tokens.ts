/**
 * The tokens of a day of the example home: a scripted week is lived, every request to the model is counted by part, and a model of OpenClaw's prompt is given
 * the same week: the same jobs, talk, calls and results. Twenty questions show that both know the same things.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScriptedRequest } from "@roost/agent/testing";
import type { Figure, Measure } from "../measure.ts";
import { addParts, countRequest, listParts, sumOf, textOf, type Parts } from "../tokens/count-request.ts";
import { findEvidence } from "../tokens/find-evidence.ts";
import { generations, openClawPrompt, type PromptAsked } from "../tokens/openclaw-prompt.ts";
import { listTalk, openWeek, weekStartMs, type Week } from "../week/open-week.ts";
import { readPrompt, type Prompt } from "../week/read-prompt.ts";

const dayMs = 86_400_000;
const aimShareMax = 1 / 3;
const aimApprovalsMax = 3;
/** 04:00 in Berlin, in winter: when a conversation of 2026.3 begins anew. */
const resetMs = 3 * 3_600_000;

interface Request {
  prompt: Prompt;
  parts: Parts;
  since: string[];
}

interface Turn {
  atMs: number;
  said: string;
  requests: Request[];
  answer: string;
}

export const measureTokens: Measure = async ({ isQuick, onProgress }) => {
  onProgress("a scripted week of the example home");
  const days = isQuick ? 0.5 : 7;
  await using week = await openWeek();
  await week.live(weekStartMs + days * dayMs, listTalk(week));
  const requests = week.model.requests.map(toRequest);
  const ours: Parts = new Map();
  for (const { parts } of requests) addParts(ours, parts);
  const [turns, beats] = [await readTurns(week, requests), await readTimes(week, "heartbeat")];
  const workspace = await readWorkspace(week);
  const evidence = await findEvidence(week, workspace.runs);
  const figures: Figure[] = [
    {
      name: "tokens in prompts of a day of the example home",
      value: perDay(sumOf(ours), days),
      details: `${countsOf(requests)}, ${beats.length} heartbeats ran; by part: ${listParts(ours, days)}`,
    },
  ];
  for (const generation of generations) {
    const total: Parts = new Map();
    const before = (atMs: number) => conversationAt(turns, atMs, generation.resetsDaily);
    const count = (asked: PromptAsked) => addParts(total, openClawPrompt(generation, asked, workspace).parts);
    for (const { prompt, since } of requests.filter((each) => each.prompt.kind === "cron"))
      count({ kind: "cron", text: workspace.jobPrompt(prompt.jobId), before: "", since });
    for (const { atMs, said, requests: own } of turns)
      for (const { since } of own) count({ kind: "main", text: said, before: before(atMs), since });
    for (const atMs of beats) count({ kind: "heartbeat", text: "", before: before(atMs), since: [] });
    const share = sumOf(ours) / sumOf(total);
    const last = openClawPrompt(
      generation,
      { kind: "main", text: "", before: before(Infinity), since: [] },
      workspace,
    ).text;
    figures.push(
      {
        name: `… as a share of what OpenClaw ${generation.version} puts into the same week's prompts`,
        value: share.toFixed(2),
        details: `${perDay(sumOf(total), days)} of its tokens; by part: ${listParts(total, days)}`,
        aim: "≤ 0.33",
        isMet: share <= aimShareMax,
      },
      evidence.of(`OpenClaw ${generation.version}`, last, isQuick),
    );
  }
  return [...figures, evidence.ofRoost(isQuick), tellApprovals(week)];
};

function tellApprovals({ approvals }: Week): Figure {
  const days = [...Map.groupBy(approvals, ({ day }) => day)].map(([day, of]) => ({ day, count: of.length }));
  const most = Math.max(0, ...days.map(({ count }) => count));
  return {
    name: "calls that the person is asked to approve, most in a day",
    value: String(most),
    details: `${approvals.length} in all${days.map(({ day, count }) => `, ${count} on ${day}`).join("")}; each was approved for itself`,
    aim: `≤ ${aimApprovalsMax}`,
    isMet: most <= aimApprovalsMax,
  };
}

function toRequest(request: ScriptedRequest): Request {
  const asked = request.messages.findLastIndex(({ role }) => role === "user");
  return {
    prompt: readPrompt(request),
    parts: countRequest(request),
    since: request.messages.slice(asked + 1).map(textOf),
  };
}

/** Main's turns, in order: what was said or what the job asks, and the requests that each took. */
async function readTurns(week: Week, requests: readonly Request[]): Promise<Turn[]> {
  const times = await readTimes(week, "main");
  const turns: Turn[] = [];
  for (const request of requests.filter(({ prompt }) => prompt.kind === "main")) {
    const { turn, jobId, asked } = request.prompt;
    if (turn === 0) {
      const answer = week.answers.find(({ said }) => asked.endsWith(said));
      const said = answer?.said ?? (await week.home.api.getJob({ jobId: jobId ?? "" })).job.definition.prompt ?? "";
      turns.push({ atMs: times[turns.length]!, said, requests: [], answer: answer?.text ?? "" });
    }
    turns.at(-1)!.requests.push(request);
  }
  return turns;
}

async function readTimes({ database }: Week, kind: "main" | "heartbeat"): Promise<number[]> {
  const rows = await database.query<{ createdAt: Date }>(
    `select created_at as "createdAt" from roost.run_all where session_kind = $1 and state = 'done' order by id`,
    [kind],
  );
  return rows.map(({ createdAt }) => createdAt.getTime());
}

/** What main has said and done before, as one text. */
function conversationAt(turns: readonly Turn[], atMs: number, resetsDaily: boolean): string {
  const sinceMs = resetsDaily && Number.isFinite(atMs) ? Math.floor((atMs - resetMs) / dayMs) * dayMs + resetMs : 0;
  return turns
    .filter((turn) => turn.atMs >= sinceMs && turn.atMs < atMs)
    .flatMap(({ said, requests, answer }) => [said, ...(requests.at(-1)?.since ?? []), answer])
    .join("\n");
}

async function readWorkspace({ home, database }: Week) {
  const names = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "HEARTBEAT.md", "MEMORY.md"];
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(home.directory, name), "utf8")] as const)),
  );
  const { items } = await home.api.listJobs({ limit: 50 });
  const jobs = new Map(
    await Promise.all(
      items.map(async ({ id }) => [id, (await home.api.getJob({ jobId: id })).job.definition.prompt ?? ""] as const),
    ),
  );
  const rows = await database.query<{ jobId: string; text: string | null }>(
    `select job_id as "jobId", output ->> 'text' as text from roost.run_all where job_id is not null order by id`,
  );
  const runs = Map.groupBy(rows, ({ jobId }) => jobId);
  const skill = await readFile(join(home.directory, "skills/writing-posts/SKILL.md"), "utf8");
  return {
    readFile: (name: string) => files.get(name)!,
    jobPrompt: (id: string | undefined) => jobs.get(id ?? "") ?? "",
    runs: (id: string) => (runs.get(id) ?? []).map(({ text }) => text ?? "").join("\n"),
    /** As its list of skills has one. */
    ownSkills: `<skill>\n<name>writing-posts</name>\n${/^description: .+$/m.exec(skill)?.[0]}\n<location>~/.openclaw/workspace/skills/writing-posts/SKILL.md</location>\n</skill>`,
  };
}

function countsOf(requests: readonly Request[]): string {
  const byKind = Map.groupBy(requests, ({ prompt }) => prompt.kind);
  return [...byKind]
    .map(([kind, of]) => {
      const tokens = of.reduce((sum, { parts }) => sum + sumOf(parts), 0);
      return `${of.length} calls of ${kind} with ${Math.round(tokens / of.length).toLocaleString("en")} tokens each`;
    })
    .join(", ");
}

function perDay(tokens: number, days: number): string {
  return Math.round(tokens / days).toLocaleString("en");
}
