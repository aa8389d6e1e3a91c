/** Hands messages over in batches; what cannot be read is counted and told. */
import { backoffMs, delay, RoostError } from "@roost/base";
import type { ServiceCli } from "@roost/service/cli";
import { peepsContract } from "../contract.ts";
import type { MessageFault, MessageItem, SourceMessage, SourceReaction } from "../messages/source-message.ts";

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
const textMax = 64_000;
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
  const send = async (): Promise<void> => {
    if (messages.length === 0 && reactions.length === 0) return;
    const batch = { messages: messages.map(fit), reactions };
    const counts = await again(() => client.receiveMessages(batch), cli);
    for (const name of ["added", "changed", "repeated"] as const) done[name] += counts[name];
    [messages, reactions] = [[], []];
    progress.update(`Handing messages over: ${done.added + done.changed + done.repeated}`);
  };
  for await (const item of items) {
    if ("message" in item) messages.push(item.message);
    else if ("reaction" in item) reactions.push(item.reaction);
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
  const text = message.text.replaceAll("\u0000", "").toWellFormed();
  return {
    ...message,
    text: text.length > textMax ? `${text.slice(0, textMax - 40)}\n[cut: ${text.length} characters]` : text,
    subject: message.subject?.toWellFormed().slice(0, 1000),
    externalId: message.externalId.slice(0, 500),
    participants: message.participants.slice(0, 1000),
    attachments: message.attachments.slice(0, 100),
  };
}
