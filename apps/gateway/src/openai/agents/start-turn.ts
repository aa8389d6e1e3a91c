/**
 * Finds the turn that a request asks for, or begins it: in the session that it names, behind the turn that its history ends with, or in a
 * session of its own. What a key without the scope main can reach are channel sessions under its own name.
 */
import { createHash } from "node:crypto";
import { RoostError, storableText } from "@roost/base";
import { mainLabels, joinLabels, untrustedFrom, formatLabels } from "@roost/contract/labels";
import { cancelRun, getRun, listRuns, readEnd, type Kernel, type OffsetVector } from "@roost/kernel";
import {
  addClientTurn,
  findClientAnswer,
  findClientTurn,
  findTurnOfRun,
  forkSession,
  getSession,
  keepPart,
  kindOfSession,
  readLastTold,
  sendMessage,
  type Memory,
  type ToldTurn,
} from "@roost/memory";
import { maySeeMain } from "../../security/may-see-main.ts";
import { homeCallerId, type DoorCaller } from "../callers/find-caller.ts";
import {
  hashConversation,
  invalid,
  type AskedConversation,
  type AskedFile,
  type ConversationItem,
} from "./asked-conversation.ts";
import { parseCallId, parseResponseId } from "./call-ids.ts";
import { callsOf, readLastMessage, toolNamesOf, turnTopics } from "./follow-turn.ts";

export interface StartedTurn {
  runId: string;
  /** The first sends its text as it comes; who joins gets the answer at once when it is there. */
  isJoined: boolean;
  /** Where the events of this part of the turn begin; undefined: with the run. */
  after?: OffsetVector | undefined;
  /** The step after which this part begins; 0: with the run. */
  afterSeq: number;
  /** Its text is held back until it is known to have the form that was asked for. */
  isHeld: boolean;
}

export interface TurnContext {
  kernel: Kernel;
  memory: Memory;
}

export async function startTurn(
  context: TurnContext,
  caller: DoorCaller,
  given: AskedConversation,
): Promise<StartedTurn> {
  const lastAssistant = given.items.findLastIndex(({ kind }) => kind === "assistant");
  const after = given.items.slice(lastAssistant + 1);
  const results = after.filter((item) => item.kind === "result");
  if (results.length > 0) {
    if (results.length < after.length)
      throw invalid("Send the results of tools alone, and the next message after the answer", "messages");
    return resumeTurn(context, caller, results);
  }
  const asked = after.filter((item) => item.kind === "user");
  const history = given.items.slice(0, lastAssistant + 1);
  return askTurn(context, caller, { ...given, asked, history });
}

type Asked = AskedConversation & {
  asked: Extract<ConversationItem, { kind: "user" }>[];
  history: ConversationItem[];
};

async function askTurn(context: TurnContext, caller: DoorCaller, given: Asked): Promise<StartedTurn> {
  const { kernel, memory } = context;
  const where = JSON.stringify([given.place, given.form]);
  const hash = createHash("sha256")
    .update(hashConversation(given.agent, given.items) + where)
    .digest("hex");
  const known = await findClientTurn(memory, { client: caller.id, asked: hash });
  if (known !== undefined) {
    const run = await getRun(kernel.database, known.runId);
    const isOpen = run.endedAt === null || (!known.isAnswered && run.state === "done");
    if (isOpen) return { runId: known.runId, isJoined: true, afterSeq: 0, isHeld: true };
  }
  const place = known === undefined ? 0 : known.place + 1;
  const sessionKey = await findSession(context, caller, given, `${hash.slice(0, 12)}${place === 0 ? "" : `-${place}`}`);
  await giveUpCalls(kernel, sessionKey, caller);
  const told = given.told === "" ? null : createHash("sha256").update(given.told).digest("hex");
  const isNews = told !== null && told !== (await readLastTold(memory, sessionKey));
  const parts = await keepFiles(
    memory,
    given.asked.flatMap(({ files }) => files),
    caller,
  );
  const sent = await sendMessage(memory, {
    sessionKey,
    text: given.asked.map(({ text }) => text).join("\n\n"),
    parts,
    agent: given.agent,
    source: caller.name,
    idempotencyKey: `openai:${hash}:${place}`,
    input: {
      // What the turn spends counts for the key too, and for runs that it starts.
      keyId: caller.id !== homeCallerId ? caller.id : undefined,
      clientTools: given.tools.length > 0 ? (given.tools as never) : undefined,
      answerForm: given.form === undefined ? undefined : (given.form as never),
      toldByProgram: isNews ? given.told.slice(0, toldCharsMax) : undefined,
    },
  });
  await addClientTurn(memory, { client: caller.id, asked: hash, place, runId: sent.runId, sessionKey, told });
  return { runId: sent.runId, isJoined: sent.isRepeated, afterSeq: 0, isHeld: given.form !== undefined };
}

const toldCharsMax = 60_000;

async function findSession(
  context: TurnContext,
  caller: DoorCaller,
  { agent, place, history }: Asked,
  newName: string,
): Promise<string> {
  const { memory } = context;
  const isMain = maySeeMain(caller.grants);
  const newKey = isMain ? `api:${caller.name}:${newName}` : channelOf(caller, newName);
  if (place.kind === "named") {
    const key = isMain ? place.name : channelOf(caller, place.name);
    if (kindOfSession(key) !== (isMain ? "main" : "channel"))
      throw invalid(`The session "${place.name.slice(0, 100)}" is none that takes messages: name another`, place.param);
    const session = await getSession(memory, key);
    if (session !== undefined && session.agent !== agent)
      throw invalid(
        `The session "${place.name.slice(0, 100)}" is one of roost/${session.agent}: ask that model`,
        "model",
      );
    return key;
  }
  if (place.kind === "after") {
    const turn = await turnOfResponse(context, caller, place.responseId);
    if (turn.agent !== agent)
      throw invalid(`${place.responseId} is one of roost/${turn.agent}: ask that model`, "model");
    if (turn.isNewest) return turn.sessionKey;
    const from = { sessionKey: turn.sessionKey, throughTurn: turn.turnSeq };
    await forkSession(memory, { key: newKey, agent, from, told: [] });
    return newKey;
  }
  if (history.length === 0) return newKey;
  const ends = history.flatMap((item, index) =>
    item.kind === "assistant" && item.calls.length === 0 ? [index + 1] : [],
  );
  const lengths = ends.toReversed().slice(0, prefixesMax);
  const hashes = lengths.map((length) => hashConversation(agent, history.slice(0, length)));
  const found = await findClientAnswer(memory, { client: caller.id, histories: hashes });
  const length = found === undefined ? 0 : lengths[hashes.indexOf(found.answered)]!;
  if (found !== undefined && found.isNewest && length === history.length) return found.sessionKey;
  const from = found && { sessionKey: found.sessionKey, throughTurn: found.turnSeq };
  await forkSession(memory, { key: newKey, agent, from, told: toTurns(history.slice(length)) });
  return newKey;
}

const prefixesMax = 200;

function channelOf({ name }: DoorCaller, session: string): string {
  return `channel:api/${name.replace(/^\w+:/, "")}/${session}`.slice(0, 200);
}

/** @throws RoostError `not_found` for one that is not the caller's: whether there is one is not told */
export async function turnOfResponse({ memory }: TurnContext, caller: DoorCaller, responseId: string) {
  const runId = parseResponseId(responseId);
  const turn = runId === undefined ? undefined : await findTurnOfRun(memory, { client: caller.id, runId });
  if (turn !== undefined) return { runId: runId!, ...turn };
  throw new RoostError("not_found", `Response with id '${responseId.slice(0, 80)}' not found`, {
    details: { param: "previous_response_id", code: "previous_response_not_found" },
  });
}

/** A person who writes on does not wait for the results of the program's tools. */
async function giveUpCalls(kernel: Kernel, sessionKey: string, { name }: DoorCaller): Promise<void> {
  const waiting = await listRuns(kernel, { sessionKey, states: ["waiting"], limit: 10 });
  for (const { id, waitingFor } of waiting)
    if (waitingFor === "event")
      await cancelRun(kernel, { runId: id, by: name, reason: "the program went on without the results of its tools" });
}

async function keepFiles(memory: Memory, files: readonly AskedFile[], caller: DoorCaller) {
  const labels = maySeeMain(caller.grants) ? mainLabels : joinLabels(mainLabels, untrustedFrom("client", caller.name));
  const parts = [];
  for (const { bytes, mediaType, name } of files) {
    const part = await keepPart(memory, { content: bytes, mediaType, name, labels });
    if (part.sha256 !== undefined) parts.push({ sha256: part.sha256, name });
  }
  return parts;
}

/** The results of calls: the run that waits for them goes on. */
async function resumeTurn(
  { kernel, memory }: TurnContext,
  caller: DoorCaller,
  results: readonly Extract<ConversationItem, { kind: "result" }>[],
): Promise<StartedTurn> {
  const calls = results.map(({ callId, text }) => ({ callId, text, place: parseCallId(callId) }));
  const { runId, modelSeq } = calls[0]?.place ?? {};
  const turn = runId === undefined ? undefined : await findTurnOfRun(memory, { client: caller.id, runId });
  const foreign = calls.find(({ place }) => place?.runId !== runId || place?.modelSeq !== modelSeq);
  if (turn === undefined || runId === undefined || modelSeq === undefined || foreign !== undefined)
    throw invalid(`No tool call '${(foreign ?? calls[0])?.callId.slice(0, 80)}' waits for a result here`, "messages");
  const after = await readEnd(kernel.database, turnTopics);
  const run = await getRun(kernel.database, runId);
  const { message } = await readLastMessage(kernel, runId);
  const isWaiting = run.state === "waiting" && run.waitingFor === "event" && message?.seq === modelSeq;
  const isHeld = run.input["answerForm"] !== undefined;
  // They were sent before: the turn goes on, or is over.
  if (!isWaiting) return { runId, isJoined: true, afterSeq: modelSeq, isHeld };
  const asked = callsOf(message, { runId, toolNames: toolNamesOf(run) });
  const missing = asked.find(({ id }) => calls.every(({ callId }) => callId !== id));
  if (missing !== undefined)
    throw invalid(`No tool output found for tool call ${missing.id}: send the results of all of them`, "messages");
  const marks = await kernel.labelSets.read(kernel.database, run.labels);
  const labels = formatLabels(joinLabels(marks, untrustedFrom("client", caller.name)));
  await kernel.append(
    calls.map(({ place, text }) => ({
      type: "tool.answered",
      subject: turn.sessionKey,
      correlation: run.correlation,
      causation: run.causeId ?? undefined,
      labels,
      data: {
        sessionKey: turn.sessionKey,
        runId,
        callKey: `${modelSeq}:${message.calls[place?.index ?? 0]?.toolCallId ?? ""}`.slice(0, 200),
        text: storableText(text).slice(0, resultCharsMax).toWellFormed(),
      },
    })),
  );
  return { runId, isJoined: false, after, afterSeq: modelSeq, isHeld };
}

const resultCharsMax = 100_000;

/** Pairs of what was asked and answered; what has no answer is asked with the next. */
function toTurns(items: readonly ConversationItem[]): ToldTurn[] {
  const turns: ToldTurn[] = [];
  let asked: string[] = [];
  for (const item of items) {
    if (item.kind === "user") asked.push(item.text);
    if (item.kind !== "assistant" || item.text.trim() === "") continue;
    turns.push({ asked: asked.join("\n\n") || "(nothing)", answer: item.text });
    asked = [];
  }
  return turns;
}
