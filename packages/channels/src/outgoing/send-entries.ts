/**
 * Entries of the inbox that are no questions, as messages of a chat with a button for each answer: unknown outcomes, failures and claimed facts. Their
 * keys name what they show, so that a button of an old one decides nothing else.
 */
import { visibleText } from "@roost/base";
import { clipText, type InboxEntryRecord } from "@roost/contract/operations";
import { readFailure, resolveStep, type Kernel, type KernelTransaction } from "@roost/kernel";
import { acceptFact, removeFact, settleMemoryFile, type Memory } from "@roost/memory";
import type { NewChatMessage } from "../channel.ts";
import type { Room } from "../room.ts";
import { sendMsMax, sendOnce } from "./send-once.ts";

export type AnsweredEntry = Extract<InboxEntryRecord, { kind: "unknown" | "failure" | "claim" }>;

/** Shown with buttons at a time; the others follow when these are answered. */
export const entriesShownMax = 10;
/** Looked through for the one that a button is of. */
const entriesMax = 200;

interface Choice {
  text: string;
  act: (memory: Memory, acting: Acting) => Promise<unknown>;
}

interface Acting {
  by: string;
  /** Further writes in the transaction of what is done. */
  alongside: (tx: KernelTransaction) => Promise<void>;
}

function choicesOf(entry: AnsweredEntry): Choice[] {
  if (entry.kind === "failure")
    return [{ text: "Read", act: ({ kernel }, acting) => read(kernel, entry.what, acting) }];
  if (entry.kind === "claim") {
    const { id } = entry.fact;
    return [
      { text: "It is so", act: (memory, acting) => decideFact(memory, acting, (tx, by) => acceptFact(tx, { id, by })) },
      {
        text: "It is not so",
        act: (memory, acting) =>
          decideFact(memory, acting, (tx, by) => removeFact(tx, { id, by, reason: "taken back in the chat" })),
      },
    ];
  }
  const { runId, seq } = entry;
  const settle = (outcome: "done" | "failed" | "not_done"): Choice["act"] => {
    return ({ kernel }, { by, alongside }) => resolveStep(kernel, { runId, seq, outcome, note: "", by }, { alongside });
  };
  return [
    { text: "It was done", act: settle("done") },
    { text: "It failed", act: settle("failed") },
    { text: "It never happened: do it again", act: settle("not_done") },
  ];
}

const read = (kernel: Kernel, what: string, { alongside }: Acting) =>
  kernel.transact(async (tx) => {
    await readFailure(tx, what);
    await alongside(tx);
  });

async function decideFact(
  memory: Memory,
  { by, alongside }: Acting,
  decide: (tx: KernelTransaction, by: string) => Promise<unknown>,
): Promise<void> {
  await memory.kernel.transact(async (tx) => {
    await decide(tx, by);
    await alongside(tx);
  });
  // It is decided, whether or not MEMORY.md shows it yet.
  await settleMemoryFile(memory).catch((error: unknown) => {
    memory.kernel.logger.warn("MEMORY.md does not show a fact yet", { error });
  });
}

const answeredKinds: readonly InboxEntryRecord["kind"][] = ["unknown", "failure", "claim"];

export const isAnsweredHere = (entry: InboxEntryRecord): entry is AnsweredEntry => answeredKinds.includes(entry.kind);

const keyOf = (place: string, { id, since }: AnsweredEntry) => `entry:${place}:${Date.parse(since)}:${id}`;

/** Each once for a place: that of the message that asked for them. @throws SendFailed as sendOnce */
export async function sendEntries(
  room: Room,
  { chat, place, entries }: { chat: string; place: string; entries: readonly AnsweredEntry[] },
): Promise<void> {
  const { channel } = room;
  for (const entry of entries) {
    const buttons = choicesOf(entry).map(({ text }, index) => ({ text, press: `i:${index}` }));
    const message: NewChatMessage = { text: textOf(room, entry), buttons };
    await sendOnce(
      room,
      { key: keyOf(place, entry), chat, what: `the inbox's "${entry.title.slice(0, 100)}"` },
      (signal) => channel.send(chat, message, signal),
    );
  }
}

/** Beside the text of an entry. */
const tailCharsMax = 300;

function textOf({ channel }: Room, { title, reason }: AnsweredEntry): string {
  return clipText(visibleText(`${title}\n\n${reason}`), channel.limits.textCharsMax - tailCharsMax);
}

/**
 * Carries out what a button of such a message says, where what it showed still waits. The text of the button; undefined: it waits no more.
 * @throws RoostError `conflict` or `not_found` when it was answered otherwise meanwhile
 */
export async function answerEntry(
  room: Room,
  { key, press, ...acting }: { key: string; press: string } & Acting,
): Promise<{ entry: AnsweredEntry; text: string } | undefined> {
  const [, since, id] = /^entry:[^:]*:(\d+):(.+)$/.exec(key) ?? [];
  const [, index] = /^i:(\d)$/.exec(press) ?? [];
  if (since === undefined || index === undefined) return undefined;
  const { items } = await room.readInbox(entriesMax);
  const entry = items.filter(isAnsweredHere).find((each) => each.id === id && Date.parse(each.since) === Number(since));
  const choice = entry && choicesOf(entry)[Number(index)];
  if (entry === undefined || choice === undefined) return undefined;
  await choice.act(room.memory, acting);
  return { entry, text: choice.text };
}

/** Takes the buttons away, and says what was answered. */
export async function closeEntry(
  room: Room,
  { chat, ref }: { chat: string; ref: string },
  { entry, text }: { entry: AnsweredEntry; text: string },
): Promise<void> {
  const answered = { text: `${textOf(room, entry)}\n\nAnswered: ${text}` };
  await room.channel.edit(chat, ref, answered, AbortSignal.timeout(sendMsMax));
}
