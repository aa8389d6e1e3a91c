/**
 * Messages of a running signal-cli (`signal-cli -a NUMBER daemon --tcp` or `--socket`), by its JSON-RPC of one line each.
 * signal-cli tells Signal that it has a message when it hands it over, so it is asked for a few at a time and for more only
 * when those are taken (`--receive-mode manual`). One that hands over by itself is read no faster than its messages are taken.
 */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject } from "@roost/base";
import { keepConnected, type KeepConnectedOptions } from "../servers/keep-connected.ts";
import { readSignalEnvelope } from "./signal.ts";
import type { MessageItem } from "./source-message.ts";

export type SignalAddress = { path: string } | { host: string; port: number };

export interface WatchSignalOptions extends KeepConnectedOptions {
  address: SignalAddress;
  /** The owner's own number. */
  account: string;
  /** More is asked for when these are taken. */
  take: (items: MessageItem[]) => Promise<void>;
  /** How long one call waits for messages. Default 20 seconds. */
  waitSeconds?: number;
}

const messagesMax = 20;
const lineBytesMax = 4 * 1024 * 1024;
/** A call that is silent for so long after its wait has lost its server. */
const silenceMs = 30_000;

/** Until it is stopped. @throws RoostError `invalid_input` when signal-cli does not know the account */
export async function watchSignal(options: WatchSignalOptions): Promise<void> {
  await keepConnected((onNews) => readOn(options, onNews), options);
}

async function readOn(options: WatchSignalOptions, onNews: () => void): Promise<void> {
  const { account, take, signal, waitSeconds = 20 } = options;
  const socket = connect(options.address);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]) });
    const lines = linesOf(socket);
    const handOver = async (received: readonly unknown[]): Promise<void> => {
      await take(received.flatMap((params) => [...readSignalEnvelope(params, account)]));
      onNews();
    };
    // A daemon of one account takes none by name, one of several needs it.
    let named: JsonObject = {};
    for (let id = 1; !signal.aborted; id += 1) {
      const params = { ...named, timeout: waitSeconds, maxMessages: messagesMax };
      socket.setTimeout((waitSeconds + silenceMs / 1000) * 1000, () =>
        socket.destroy(new Error("signal-cli is silent")),
      );
      socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, method: "receive", params })}\n`);
      const answer = await readAnswer(lines, id, { account, handOver });
      const reason = jsonObjectOf(answer["error"])["message"];
      if (reason === undefined) {
        const result = answer["result"];
        await handOver((Array.isArray(result) ? result : []).filter((params) => isOf(params, account)));
      } else if (/already being received/i.test(String(reason))) {
        socket.setTimeout(0);
        return await readNotifications(lines, { account, handOver });
      } else if (Object.keys(named).length === 0 && /account/i.test(String(reason))) named = { account };
      else if (/account|not registered|unrecognized/i.test(String(reason)))
        throw new RoostError(
          "invalid_input",
          `signal-cli does not receive for ${account}: ${String(reason).slice(0, 300)}`,
        );
      else throw new RoostError("unavailable", `signal-cli says: ${String(reason).slice(0, 300)}`);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

interface Received {
  account: string;
  handOver: (received: readonly unknown[]) => Promise<void>;
}

/** The answer to a call; messages that come of themselves before it are handed over. */
async function readAnswer(lines: AsyncIterator<JsonObject>, id: number, received: Received): Promise<JsonObject> {
  for (;;) {
    const line = await nextOf(lines);
    if (line["id"] === id) return line;
    await handOverOne(line, received);
  }
}

async function readNotifications(lines: AsyncIterator<JsonObject>, received: Received): Promise<never> {
  for (;;) await handOverOne(await nextOf(lines), received);
}

async function nextOf(lines: AsyncIterator<JsonObject>): Promise<JsonObject> {
  const { value, done } = await lines.next();
  if (done === true) throw new RoostError("unavailable", "signal-cli closed the connection");
  return value;
}

async function handOverOne(line: JsonObject, { account, handOver }: Received): Promise<void> {
  const { params } = line;
  if (line["method"] === "receive" && isOf(params, account)) await handOver([params]);
}

/** A daemon of several accounts says whose each message is. */
function isOf(params: unknown, account: string): boolean {
  const named = jsonObjectOf(params)["account"];
  return named === undefined || named === account;
}

/** The socket is read no further than its lines are asked for. */
async function* linesOf(socket: Socket): AsyncGenerator<JsonObject, undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = parse(rest.subarray(0, end).toString());
      rest = rest.subarray(end + 1);
      if (line !== undefined) yield line;
    }
    if (rest.length > lineBytesMax)
      throw new RoostError("unavailable", `signal-cli wrote a line of more than ${lineBytesMax} bytes`);
  }
  return undefined;
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined; // what is no JSON is a remark of the program
  }
}
