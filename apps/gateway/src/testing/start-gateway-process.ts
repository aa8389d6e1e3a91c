/** The gateway as a process, on a home of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testToken } from "./create-test-gateway.ts";

/** The gateway's own program. */
export const main = new URL("../main.ts", import.meta.url).pathname;
const exampleHome = new URL("../../../../examples/home", import.meta.url).pathname;

/** A copy of the example home. */
export async function createHome(token = testToken) {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-gateway-"));
  await cp(exampleHome, homeDir, { recursive: true });
  await mkdir(join(homeDir, ".roost"), { recursive: true });
  if (token !== "") await writeFile(join(homeDir, ".roost/token"), `${token}\n`);
  return { homeDir, [Symbol.asyncDispose]: () => rm(homeDir, { recursive: true, force: true }) };
}

/** As a supervisor starts it. */
export function start(environment: Record<string, string>, program = main) {
  const child = spawn(process.execPath, [program], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      PATH: process.env["PATH"],
      // As a supervisor gives it.
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ROOST_PORT: "0",
      ROOST_MODEL_URL: "http://127.0.0.1:9/v1",
      ROOST_MODEL: "none",
      ...environment,
    },
  });
  let told = "";
  child.stderr?.on("data", (part) => (told += String(part)));
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  const ready = Promise.race([
    once(child, "message").then(
      ([message]) => message as { type: string; url: string; notices: string[]; model: string },
    ),
    exited.then(([code]) => Promise.reject(new Error(`it exited with ${code}: ${told}`))),
  ]);
  return {
    child,
    ready,
    exited,
    told: () => told,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
