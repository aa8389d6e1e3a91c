/** Processes and directories of a test's servers: a guard ends and removes them when this process is gone, however it ended. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay } from "@roost/base";
import { openSync } from "node:fs";

/** On a machine that is busy. */
const readyMsMax = 120_000;
const pollMs = 25;

export interface Servers extends AsyncDisposable {
  readonly directory: string;
  /** `log` is a file name in the directory, `ready` what its log says when it is. */
  start(server: ServerCommand): Promise<Server>;
  /** What else undoes what the test has made: a command, run when the servers have ended, the last one first. */
  guard(command: string): void;
}

export interface ServerCommand {
  name: string;
  program: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  user?: { uid: number; gid: number } | undefined;
  /** What its log says when it is ready, or where it then listens. */
  ready: RegExp | { port: number };
}

export interface Server {
  /** At once, as a power cut. */
  kill(): Promise<void>;
}

// It reads what there is from its standard input, which ends when this process does.
const guardScript = `
while read -r kind what; do case $kind in
  pid) pids="$pids $what" ;; gone) pids=$(echo " $pids " | sed "s/ $what / /") ;; undo) undo="$what; $undo" ;; esac; done
for pid in $pids; do kill -KILL "-$pid" 2>/dev/null; done
eval "$undo" 2>/dev/null
rm -rf "$1"`;

export async function openServers(parent: string = tmpdir()): Promise<Servers> {
  const directory = await mkdtemp(join(parent, "roost-infra-"));
  const guard = spawn("/bin/sh", ["-c", guardScript, "roost-infra-guard", directory], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  const running = new Set<Server>();
  return {
    directory,
    async start(command) {
      const child = await spawnServer(command, directory);
      guard.stdin.write(`pid ${child.pid}\n`);
      const server = serverOf(child, () => {
        running.delete(server);
        guard.stdin.write(`gone ${child.pid}\n`);
      });
      running.add(server);
      await waitUntilReady(child, command, directory);
      return server;
    },
    guard: (command) => void guard.stdin.write(`undo ${command}\n`),
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((server) => server.kill()));
      const ended = new Promise<void>((resolve) => guard.once("exit", () => resolve()));
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}

async function spawnServer(
  { name, program, args, env, user }: ServerCommand,
  directory: string,
): Promise<ChildProcess> {
  const log = openSync(join(directory, `${name}.log`), "w");
  const child = spawn(program, args, {
    cwd: "/",
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC", ...env },
    stdio: ["ignore", log, log],
    detached: true,
    ...user,
  });
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  child.unref();
  return child;
}

function serverOf(child: ChildProcess, onGone: () => void): Server {
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => {
      onGone();
      resolve();
    }),
  );
  return {
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Otherwise a process that has nothing else to do ends before the server is known to have ended.
      child.ref();
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function waitUntilReady(child: ChildProcess, { name, ready }: ServerCommand, directory: string): Promise<void> {
  const path = join(directory, `${name}.log`);
  for (let waitedMs = 0; waitedMs < readyMsMax; waitedMs += pollMs) {
    const log = await readFile(path, "utf8");
    if (ready instanceof RegExp ? ready.test(log) : await canConnect(ready.port)) return;
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${log.slice(-2_000)}`);
    await delay(pollMs);
  }
  throw new Error(
    `${name} was not ready after ${readyMsMax / 1000} s:\n${(await readFile(path, "utf8")).slice(-2_000)}`,
  );
}

/** To this machine. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
  });
}
