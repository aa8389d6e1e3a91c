import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { watchSignal } from "./watch-signal.ts";

const account = "+46700000000";
const envelope = (timestamp: number, message: string) => ({
  account,
  envelope: { sourceNumber: "+46701234567", timestamp, dataMessage: { timestamp, message } },
});
type Call = { id: number; params: Record<string, unknown> };

/** signal-cli's daemon on a socket, as signal-cli-jsonrpc(5) describes it; answers each call by a function. */
async function startDaemon(t: TestContext, answer: (call: Call, socket: Socket, connection: number) => unknown) {
  const directory = mkdtempSync(join(tmpdir(), "signal-"));
  const path = join(directory, "socket");
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = (connections += 1);
    socket.on("error", () => undefined);
    createInterface({ input: socket }).on("line", (line) => {
      const call = JSON.parse(line) as Call;
      const answered = answer(call, socket, connection);
      if (answered !== undefined) socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: call.id, ...answered })}\n`);
    });
  }).listen(path);
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });
  return path;
}

/** Reads until so many texts were taken. */
async function read(path: string, count: number, onTake: () => void = () => undefined) {
  const [taken, lost]: [string[], string[]] = [[], []];
  const stop = new AbortController();
  await watchSignal({
    address: { path },
    account,
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(120_000)]),
    onLost: (reason) => lost.push(reason),
    take: async (items) => {
      onTake();
      taken.push(...items.flatMap((item) => ("message" in item ? [item.message.text] : [])));
      if (taken.length >= count) stop.abort();
    },
  });
  return { taken, lost };
}

test("watchSignal() asks for more only when messages are taken, names its account where that is needed, and connects again", async (t) => {
  const log: string[] = [];
  const path = await startDaemon(t, ({ params }, socket, connection) => {
    if (params["account"] === undefined)
      return { error: { code: -32_602, message: "Method requires valid account parameter" } };
    log.push(`asked by ${connection}`);
    if (log.length === 1)
      return { result: [envelope(1, "one"), envelope(2, "two"), { ...envelope(9, "x"), account: "+1" }] };
    if (connection === 1) return void socket.destroy();
    return { result: [envelope(3, "three")] };
  });
  const { taken, lost } = await read(path, 3, () => log.push("taken"));
  assert.deepEqual(taken, ["one", "two", "three"]);
  assert.deepEqual(log, ["asked by 1", "taken", "asked by 1", "asked by 2", "taken"]);
  assert.equal(lost.length, 1);
});

test("watchSignal() takes what a daemon hands over by itself, and leaves remarks and torn lines", async (t) => {
  const path = await startDaemon(t, (_call, socket) => {
    const lines = [1, 2].map((at) =>
      JSON.stringify({ jsonrpc: "2.0", method: "receive", params: envelope(at, `${at}`) }),
    );
    setImmediate(() => socket.write(`INFO started\n{"torn\n${lines.join("\n")}\n`));
    return { error: { code: -1, message: "Receive command cannot be used if messages are already being received." } };
  });
  assert.deepEqual((await read(path, 2)).taken, ["1", "2"]);
});

test("watchSignal() says that signal-cli does not know the account", async (t) => {
  const path = await startDaemon(t, () => ({ error: { code: -32_602, message: "Specified account does not exist" } }));
  await assert.rejects(read(path, 1), { code: "invalid_input", message: /does not receive for \+46700000000/ });
});
