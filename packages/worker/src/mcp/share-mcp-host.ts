/**
 * One host of servers of tools for all workers of a home on a machine: the first that needs one listens on a socket below the home, the others call
 * it there. When its process dies, the next call gets no answer and another worker takes its place. The last to listen is the host: an older one
 * gets no more calls.
 */
import { createHash, randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { chmod, mkdir, rename } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  errorCodes,
  limitBytes,
  makePrivateDirectory,
  RoostError,
  toRoostError,
  type ErrorCode,
  type JsonObject,
} from "@roost/base";
import type { McpHost } from "./create-mcp-host.ts";
import type { ServerCall, ServerTools } from "./open-connection.ts";

/** The servers of tools of a home, wherever they run. */
export interface McpCalls extends AsyncDisposable {
  list(server: string, signal: AbortSignal): Promise<ServerTools>;
  call(server: string, call: ServerCall, signal: AbortSignal): Promise<JsonObject>;
}

const bodyBytesMax = 64 * 1024 * 1024;
const triesMax = 5;
/** Paths of sockets are short. */
const socketPathCharsMax = 100;

/** `createHost` is called in the process that becomes the host. */
export function shareMcpHost(homeDir: string, createHost: () => McpHost): McpCalls {
  const path = socketPathOf(homeDir);
  let isPrepared = false;
  let host: McpHost | undefined;
  let server: Server | undefined;
  let starting: Promise<void> | undefined;

  async function listen(): Promise<void> {
    host ??= createHost();
    if (server !== undefined) await close(server);
    server = createServer((asked, answer) => void serve(host!, asked, answer));
    server.unref();
    const own = `${path}.${randomBytes(6).toString("hex")}`;
    await new Promise<void>((resolve, reject) => {
      server!.once("error", reject).listen(own, resolve);
    });
    await chmod(own, 0o600);
    // In one step: a caller finds the old one or the new one.
    await rename(own, path);
  }

  /** Before the first call: who owns the folder could listen in it. */
  async function prepare(): Promise<void> {
    const folder = dirname(path);
    await mkdir(dirname(folder), { recursive: true });
    if (!(await makePrivateDirectory(folder, [process.getuid?.(), statSync(homeDir).uid])))
      throw new RoostError(
        "forbidden",
        `${folder} belongs to another user, so servers of tools cannot be shared there: remove it, or use a shorter ROOST_HOME`,
      );
    isPrepared = true;
  }

  async function ask<T>(operation: "list" | "call", body: object, signal: AbortSignal): Promise<T> {
    if (!isPrepared) await prepare();
    for (let tries = 1; ; tries += 1) {
      const before = server;
      try {
        return (await post(path, { operation, ...body }, signal)) as T;
      } catch (error) {
        // No process listens: nothing was sent.
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== "ECONNREFUSED" && code !== "ENOENT") || tries === triesMax) throw error;
        // Calls that found no host at the same time wait for one start: a second one would cut off the calls of the first.
        if (server === before)
          starting ??= listen().finally(() => {
            starting = undefined;
          });
        await starting;
      }
    }
  }

  return {
    list: (name, signal) => ask<ServerTools>("list", { server: name }, signal),
    call: (name, call, signal) => ask<JsonObject>("call", { server: name, call }, signal),
    [Symbol.asyncDispose]: async () => {
      if (server !== undefined) await close(server);
      await host?.[Symbol.asyncDispose]();
    },
  };
}

function socketPathOf(homeDir: string): string {
  const path = join(homeDir, ".roost", "mcp.sock");
  if (path.length + 14 <= socketPathCharsMax) return path;
  const user = statSync(homeDir).uid;
  const name = createHash("sha256").update(homeDir).digest("hex").slice(0, 16);
  return join(tmpdir(), `roost-${user}-${name}`, "mcp.sock");
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function serve(host: McpHost, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const gone = new AbortController();
  answer.once("close", () => gone.abort(new Error("The caller has hung up")));
  const reply = (body: object) => answer.end(JSON.stringify(body));
  try {
    const { operation, server, call } = (await readBody(asked)) as {
      operation: string;
      server: string;
      call: ServerCall;
    };
    const value = operation === "list" ? await host.list(server) : await host.call(server, call, gone.signal);
    reply({ value });
  } catch (error) {
    const { code, message } = toRoostError(error);
    reply({ error: { code, message } });
  }
}

async function readBody(stream: IncomingMessage): Promise<unknown> {
  const refuse = () =>
    new RoostError("limit_exceeded", `an answer of a server of tools has more than ${bodyBytesMax} bytes`);
  const chunks = await Array.fromAsync(limitBytes(stream, { bytesMax: bodyBytesMax, refuse }));
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

/** @throws the error of the connection, or the one that was answered */
async function post(path: string, body: object, signal: AbortSignal): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath: path, path: "/", method: "POST", signal, agent: false }, resolve);
    sent.once("error", reject);
    sent.end(JSON.stringify(body));
  });
  const { value, error } = (await readBody(response)) as {
    value?: unknown;
    error?: { code: ErrorCode; message: string };
  };
  if (error !== undefined)
    throw new RoostError(errorCodes.includes(error.code) ? error.code : "internal", error.message);
  return value;
}
