/** Hands messages over in batches; what cannot be read is counted and told. */
import { createHash } from "node:crypto";
import { backoffMs, delay, RoostError } from "@roost/base";
import type { ServiceCli } from "@roost/service/cli";
import { peepsContract } from "../contract.ts";
import { messageLimits, personLimits } from "../contract/limits.ts";
import { fitText } from "../text/fit-text.ts";
import type {
  MessageFault,
  MessageItem,
  SourceHandle,
  SourceMessage,
  SourceReaction,
} from "../messages/source-message.ts";

export interface SentMessages {
  added: number;
  changed: number;
  repeated: number;
  refused: number;
  /** The first hundred. */
  faults: MessageFault[];
}

const batchMax = 100;
const faultsMax = 100;
/** Of one message: those of a large group would fill a call. */
const participantsMax = 200;
/** Of an earlier text: many long ones would fill a call. */
const editTextMax = 4000;
const editsTakenMax = 20;
/** For the words that say how long it was. */
const cutRemarkChars = 40;
/** The service takes a megabyte a call. */
const batchBytesMax = 512 * 1024;
/** Over a minute and a half. */
const triesMax = 12;

export async function sendMessages(
  cli: ServiceCli,
  items: Iterable<MessageItem> | AsyncIterable<MessageItem>,
): Promise<SentMessages> {
  const client = await cli.connect(peepsContract);
  using progress = cli.terminal.progress("Handing messages over");
  const done: SentMessages = { added: 0, changed: 0, repeated: 0, refused: 0, faults: [] };
  let messages: SourceMessage[] = [];
  let reactions: SourceReaction[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (messages.length === 0 && reactions.length === 0) return;
    const batch = { messages, reactions };
    const counts = await again(() => client.receiveMessages(batch), cli);
    for (const name of ["added", "changed", "repeated"] as const) done[name] += counts[name];
    [messages, reactions, bytes] = [[], [], 0];
    progress.update(`Handing messages over: ${done.added + done.changed + done.repeated}`);
  };
  for await (const item of items) {
    if ("message" in item) {
      const message = fit(item.message);
      const size = Buffer.byteLength(JSON.stringify(message));
      if (bytes + size > batchBytesMax) await send();
      messages.push(message);
      bytes += size;
    } else if ("reaction" in item)
      reactions.push({
        ...item.reaction,
        target: fitId(item.reaction.target),
        sender: item.reaction.sender && fitHandle(item.reaction.sender),
      });
    else {
      done.refused += 1;
      if (done.faults.length < faultsMax) done.faults.push(item.fault);
    }
    if (messages.length >= batchMax || reactions.length >= batchMax) await send();
  }
  await send();
  return done;
}

/** A batch that was handed over twice is taken once: a service that starts again is waited for. */
async function again<Result>(call: () => Promise<Result>, { terminal }: ServiceCli): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const mayPass = error instanceof RoostError && (error.code === "unavailable" || error.code === "timeout");
      if (!mayPass || tries >= triesMax) throw error;
      if (tries === 1) terminal.note(`${error.message}; trying again`);
      await delay(backoffMs(tries, { firstMs: 500, maxMs: 10_000 }));
    }
  }
}

/** Within what the service takes: a longer text is cut, which is said in it. */
function fit(message: SourceMessage): SourceMessage {
  const { conversation, sender, text } = message;
  return {
    ...message,
    externalId: fitId(message.externalId),
    conversation: {
      ...conversation,
      id: fitId(conversation.id),
      title: conversation.title === undefined ? undefined : fitText(conversation.title, messageLimits.titleMax),
    },
    sender: sender === undefined ? undefined : fitHandle(sender),
    participants: message.participants.slice(0, participantsMax).map(fitHandle),
    subject: message.subject === undefined ? undefined : fitText(message.subject, messageLimits.subjectMax),
    ...(message.edits === undefined
      ? {}
      : {
          edits: message.edits
            .slice(-editsTakenMax)
            .map((edit) => ({ at: edit.at, text: fitText(edit.text, editTextMax) })),
        }),
    text:
      text.length > messageLimits.textMax
        ? `${fitText(text, messageLimits.textMax - cutRemarkChars)}\n[cut: ${text.length} characters]`
        : fitText(text, messageLimits.textMax),
    attachments: message.attachments.slice(0, messageLimits.attachmentsMax).map(({ name, mediaType, bytes }) => ({
      name: name === undefined ? undefined : fitText(name, messageLimits.fileNameMax),
      mediaType: mediaType === undefined ? undefined : fitText(mediaType, messageLimits.mediaTypeMax),
      bytes,
    })),
    replyTo: message.replyTo === undefined ? undefined : fitId(message.replyTo),
  };
}

function fitHandle({ kind, value, name }: SourceHandle): SourceHandle {
  return {
    kind,
    value: fitText(value, personLimits.handleMax) || "?",
    name: name === undefined ? undefined : fitText(name, personLimits.nameMax),
  };
}

/** A longer id is known by its hash: cut, two would be one. */
function fitId(id: string): string {
  const whole = fitText(id, Number.MAX_SAFE_INTEGER) || "?";
  return whole.length <= messageLimits.idMax ? whole : createHash("sha256").update(whole).digest("hex");
}
