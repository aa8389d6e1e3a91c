/**
 * Builds what a run starts from: the files that its kind of session may see, the time, news, the conversation and the prompt. Reads the home and
 * the log and changes neither; what was shown is recorded by commitDigest, in the transaction of the step that used it.
 */
import { byRoost } from "@roost/agent";
import type { AgentDefinition } from "@roost/contract/operations";
import { formatLabels, isUntrusted, joinLabels, mainLabels, openLabels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { Run } from "@roost/kernel";
import { buildDigest, digestLabels, type Digest } from "../digest/build-digest.ts";
import { fromOutside, readInputs, type HeartbeatInputs } from "../heartbeat/heartbeat-inputs.ts";
import { readHeartbeat } from "../heartbeat/heartbeat-row.ts";
import type { Memory } from "../memory.ts";
import { briefScan, scanHome } from "../scan/scan-home.ts";
import { listOutsideNews } from "../outside/outside-news.ts";
import type { ContextMessage } from "../sessions/message.ts";
import { noHistory, readHistory, type History } from "../sessions/read-history.ts";
import { firstOpenTurn, kindOfSession, readSession, type SessionRow } from "../sessions/session.ts";
import { ageText, findStale } from "../state/staleness.ts";
import { listStates } from "../state/get-state.ts";
import { hasKnownName } from "../visibility/has-known-name.ts";
import { stateInputsOf, viewerOf } from "../visibility/viewer-of.ts";
import { toolsOfRun } from "../visibility/tools-of-run.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { earlierRuns } from "./earlier-runs.ts";
import { readCorrections, type Correction } from "../facts/corrections.ts";
import { filesAndSkills } from "./files-and-skills.ts";
import type { ShownFile } from "./file-sections.ts";
import { momentMessage } from "./moment-message.ts";
import { readMainConversation } from "./read-main-conversation.ts";
import { isBesideConversation, runMessage } from "./run-message.ts";
import { toSection, type LabelledSection, type Section } from "./section.ts";
import { suggestedRoute } from "./suggested-route.ts";

export interface BuiltContext {
  /** As runAgentLoop of @roost/agent takes it. */
  context: {
    sections: Section[];
    messages: ContextMessage[];
    history: Pick<History, "turns"> & { isLong?: true | undefined };
    labels: string[];
  };
  run: Pick<Run, "id" | "agent" | "sessionKey" | "sessionKind" | "jobId">;
  /** Which version of which file was shown, and how much of it. */
  files: ShownFile[];
  /** "email state is 9h 12m old" */
  stale: string[];
  /** Undefined for sessions without a digest. */
  digest: Pick<Digest, "offsets" | "newsCount" | "isComplete"> | undefined;
  /** New messages for the transcript: the time, the digest, and a job's prompt. */
  moment: ContextMessage;
  told: ContextMessage[];
  asked: ContextMessage | undefined;
  /** The seq of the message that began this turn; undefined when it is not in the transcript yet. */
  turnSeq: number | undefined;
  /** False for a run beside a conversation, or about it: what it is told the conversation is told as well. */
  isRecorded: boolean;
  /** For heartbeats: what this one checks. */
  inputs: HeartbeatInputs | undefined;
}

/** `scan`: whether to scan the home first, which records its changes. Default true; false for read-only callers. */
export interface BuildContext {
  run: Run;
  /** The definition of the run's agent. Default: an empty one. */
  agent?: AgentDefinition | undefined;
  scan?: boolean;
  /** Of the services that the agent's definition names. */
  domains?: readonly DomainGuide[] | undefined;
}

/** What a domain tells its agents. */
export interface DomainGuide {
  title: string;
  guide: string;
}

/** Builds a run's context from the current home and log. */
export async function buildContext(
  memory: Memory,
  { run, agent = {}, scan: scans = true, domains = [] }: BuildContext,
): Promise<BuiltContext> {
  await memory.mirror?.refresh();
  const viewer = viewerOf(run, agent);
  const isSummary = run.input["task"] === "summarise";
  const isInformed = (viewer.kind === "main" && !isSummary) || viewer.kind === "heartbeat";
  const scan = isInformed && scans ? await scanHome(memory, briefScan) : undefined;
  // Read first: later changes are new to the next heartbeat, even if this one happens to see them.
  const inputs = viewer.kind === "heartbeat" ? await readInputs(memory, run, agent) : undefined;
  const [corrections, states, asked, session] = await memory.kernel.database.together((sql) =>
    Promise.all([
      readCorrections(sql, viewer),
      stateSection(memory, { run, viewer, sql }),
      runMessage(memory, run, sql),
      run.sessionKey === null ? undefined : readSession(sql, run.sessionKey),
    ]),
  );
  const [{ files, skills }, digest, history, others] = await Promise.all([
    filesAndSkills(memory, viewer, { walked: scan?.files, run, agent, corrections }),
    isInformed ? digestFor(memory, { run, session, viewer, corrections }) : undefined,
    historyOf(memory, { viewer, session, turnSeq: asked.seq, corrections }),
    viewer.kind === "heartbeat"
      ? readMainConversation(memory, viewer, corrections)
      : viewer.kind === "cron"
        ? earlierRuns(memory, viewer, corrections)
        : [],
  ]);
  const outside = inputs && (await outsideMessages(memory, { run, viewer, now: inputs }));
  const told = [
    ...(digest === undefined ? [] : toldMessages(digest)),
    ...(outside?.messages ?? []),
    ...suggestedRoute(run, agent),
    ...(asked.brought === undefined ? [] : [{ ...asked.brought, labels: formatLabels(asked.labels) }]),
  ];
  const sections: LabelledSection[] = [
    ...named("Instructions", agent.prompt ?? ""),
    ...domains.flatMap(({ title, guide }) => named(`Domain ${title}`, guide)),
    ...files.sections,
    ...named("Skills", skills),
    ...others,
    ...named("This session", sessionText(viewer, toolsOfRun(run, agent))),
  ];
  const moment = momentMessage(memory, { viewer, session, states: states.text });
  const labels = joinLabels(
    ...sections.map((section) => section.labels),
    history.labels,
    asked.labels,
    ...(digest === undefined || digest.text === "" ? [] : [digestLabels]),
    ...(outside === undefined || outside.messages.length === 0 ? [] : [mainLabels]),
  );
  return {
    context: {
      sections: sections.map(toSection),
      messages: [...history.messages, ...(isSummary ? [] : [moment, ...told, asked.message])].map(unlabelled),
      history: { turns: history.turns, isLong: history.isLong && !isSummary ? (true as const) : undefined },
      labels: formatLabels(labels),
    },
    run: { id: run.id, agent: run.agent, sessionKey: run.sessionKey, sessionKind: run.sessionKind, jobId: run.jobId },
    files: files.shown,
    stale: states.stale,
    digest: digest && { offsets: digest.offsets, newsCount: digest.newsCount, isComplete: digest.isComplete },
    moment,
    told,
    asked: asked.seq === undefined ? { ...asked.message, labels: formatLabels(asked.labels) } : undefined,
    turnSeq: asked.seq,
    isRecorded: !isSummary && !isBesideConversation(run),
    inputs: outside?.inputs,
  };
}

/** Only conversations continue their history; every other run starts afresh. A job's run beside one reads what is over. */
async function historyOf(
  memory: Memory,
  {
    viewer,
    session,
    turnSeq,
    corrections,
  }: {
    viewer: Viewer;
    session: SessionRow | undefined;
    turnSeq: number | undefined;
    corrections: readonly Correction[];
  },
): Promise<History> {
  const isConversation = viewer.kind === "main" || viewer.kind === "channel";
  if (!isConversation || session === undefined) return noHistory;
  const beforeTurn = turnSeq ?? (await firstOpenTurn(memory.kernel.database, session.key)) ?? session.nextSeq;
  return readHistory(memory, session, { viewer, beforeTurn, corrections });
}

/** The message table has a column for labels; a context joins them, but for a summary, which may become part of another. */
function unlabelled(message: ContextMessage): ContextMessage {
  if (message.role === "summary") return message;
  const { labels: _joined, ...rest } = message;
  return rest;
}

/** Text by Roost or the person. */
function named(name: string, text: string): LabelledSection[] {
  return text === "" ? [] : [{ name, text, labels: openLabels }];
}

async function digestFor(
  memory: Memory,
  given: { run: Run; session: SessionRow | undefined; viewer: Viewer; corrections: readonly Correction[] },
): Promise<Digest> {
  const { run, session, viewer, corrections } = given;
  const sessionKey = run.sessionKey ?? `run:${run.id}`;
  const sessionKind = run.sessionKind ?? kindOfSession(sessionKey);
  const isBeat = sessionKind === "heartbeat";
  const beat = isBeat ? await readHeartbeat(memory.kernel.database, sessionKey) : undefined;
  return buildDigest(memory, {
    sessionKey,
    sessionKind,
    clearance: viewer.clearance,
    corrections,
    offsets: (isBeat ? beat?.offsets : session?.digestOffsets) ?? null,
    shownAt: (isBeat ? beat?.calledAt : session?.digestAt) ?? null,
  });
}

function toldMessages(digest: Digest): ContextMessage[] {
  if (digest.text === "") return [];
  return [{ role: "user", text: `[Roost] ${digest.text}`, from: byRoost, labels: formatLabels(digestLabels) }];
}

/** What has come from mailboxes and calendars, by name alone: what it says goes through the quarantined reader. Of what is not told yet nothing counts as checked. */
async function outsideMessages(
  memory: Memory,
  { run, viewer, now }: { run: Run; viewer: Viewer; now: HeartbeatInputs },
): Promise<{ messages: ContextMessage[]; inputs: HeartbeatInputs }> {
  const beat = await readHeartbeat(memory.kernel.database, run.sessionKey ?? `run:${run.id}`);
  const { lines, marks } = await listOutsideNews(memory, { viewer, before: beat?.inputs ?? {}, now });
  const others = Object.entries(now).filter(([name]) => !fromOutside.test(name));
  const inputs = { ...Object.fromEntries(others), ...marks };
  if (lines.length === 0) return { messages: [], inputs };
  const text = `[Roost] Mails and events since your last heartbeat. What they say reaches you through read_outside alone (items):\n${lines.join("\n")}`;
  return { messages: [{ role: "user", text, from: byRoost, labels: formatLabels(mainLabels) }], inputs };
}

/** Shown in each turn, so limited. */
const statesShownMax = 30;

/** The states with their ages; for a cron, its own and its inputs. */
async function stateSection(
  memory: Memory,
  { run, viewer, sql }: { run: Run; viewer: Viewer; sql: Sql },
): Promise<{ text: string; stale: string[] }> {
  if (viewer.kind === "subagent" || viewer.kind === "channel") return { text: "", stale: [] };
  const all = await listStates(memory, { as: viewer, sql });
  const states = all.filter(
    ({ path, updatedBy, labels }) => !isUntrusted(labels) || hasKnownName(viewer, path, updatedBy),
  );
  const stale = findStale({
    states,
    inputs: stateInputsOf(run.input),
    staleAfterMs: memory.settings.heartbeat.staleAfter,
    onlyInputs: viewer.kind === "cron",
    nowMs: memory.kernel.clock.nowMs(),
  }).map(({ line }) => line);
  const ages = states.map(
    (state) => `- ${state.path}: version ${state.version}, ${ageText(state.ageMs)} old, by ${state.updatedBy}`,
  );
  const leftOut = all.length - states.length;
  if (leftOut > 0)
    ages.unshift(
      `- ${leftOut} more, named by runs that had read content from outside: list_files with marked lists them`,
    );
  const warning = stale.length === 0 ? [] : ["Do not rely on what is stale:", ...stale.map((line) => `- ${line}`)];
  return { text: [...ages.slice(0, statesShownMax), ...warning].join("\n"), stale };
}

/** The same in every turn. */
function sessionText({ kind, jobId }: Viewer, tools: ReadonlySet<string>): string {
  const first = `This is a ${kind} session.`;
  if (kind !== "cron" || jobId === undefined) return first;
  const kept = [
    ...(tools.has("set_state") ? [`in the state "${jobId}" (get_state, set_state)`] : []),
    ...(tools.has("write_file") ? [`longer texts in work/${jobId}/`] : []),
  ];
  const keeping = kept.length === 0 ? "" : `Keep what the next run of this job needs ${kept.join(", ")}. `;
  return `${first}\n${keeping}You do not see the person's conversation or memory.`;
}
