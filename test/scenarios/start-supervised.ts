/** The example home as a person starts it: the supervisor as a process, with everything it starts, and its own PostgreSQL. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientOf } from "@roost/contract";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface StartedHome {
  api: ClientOf<typeof roostContract>;
  url: string;
  /** Of the home. */
  token: string;
  /** Of a path of the gateway, with the token. */
  fetch(path: string, init?: { method?: string; body?: string }): Promise<Response>;
  /** Everything is gone at once, the database too. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface RefusedHome {
  exitCode: number | null;
  /** All that it printed. */
  printed: string;
}

export interface SupervisedOptions {
  directory: string;
  /** Left out: an almost empty home, and no model. */
  modelUrl?: string;
  /** Domain services that run. */
  services?: readonly string[] | undefined;
  /** Further settings of its environment. */
  environment?: Readonly<Record<string, string>>;
  /** What stands before the program and its arguments. */
  command?: readonly string[];
}

/** @throws Error with what it printed when it ended instead */
export async function startSupervised(options: SupervisedOptions): Promise<StartedHome> {
  const started = await trySupervised(options);
  if ("exitCode" in started) throw new Error(`it ended with ${started.exitCode}:\n${started.printed}`);
  return started;
}

/** Resolves when the home is up, or when the supervisor has ended. */
export async function trySupervised(options: SupervisedOptions): Promise<StartedHome | RefusedHome> {
  const { directory, modelUrl, services = [], environment, command = [] } = options;
  if (services.length > 0) {
    // The home is there already, and names its services.
    await cp(join(root, "examples/home"), directory, { recursive: true });
    await appendFile(join(directory, "roost.yaml"), `\nservices: [${services.join(", ")}]\n`);
  }
  const example = modelUrl === undefined ? [] : ["--example"];
  const [first, ...args] = [...command, process.execPath, join(root, "apps/supervisor/src/main.ts"), "up", ...example];
  const child = spawn(first!, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: directory,
      ROOST_HOME: directory,
      ROOST_PORT: "0",
      ROOST_WORKERS: "1",
      ...(modelUrl === undefined ? {} : { ROOST_MODEL_URL: modelUrl, ROOST_MODEL: "scripted" }),
      NODE_COMPILE_CACHE: join(root, "node_modules/.roost/compile-cache"),
      ...environment,
    },
  });
  let printed = "";
  const isUp = new Promise<true>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        if (printed.includes("Roost is up")) resolve(true);
      });
    }
  });
  const ended = once(child, "close").then(([code]: unknown[]) => code as number | null);
  const outcome = await Promise.race([isUp, ended]);
  if (outcome !== true) return { exitCode: outcome, printed };
  const machinery = join(directory, ".roost");
  const { url } = JSON.parse(await readFile(join(machinery, "gateway.json"), "utf8")) as { url: string };
  const token = (await readFile(join(machinery, "token"), "utf8")).trim();
  return {
    url,
    token,
    api: createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token }),
    fetch: (path, init = {}) =>
      fetch(url + path, {
        ...init,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      }),
    async crash() {
      const postmaster = await readFile(join(machinery, "postgres/data/postmaster.pid"), "utf8");
      const owner = JSON.parse(await readFile(join(machinery, "owner.json"), "utf8")) as {
        children: { identity: string }[];
      };
      const pids = [child.pid!, ...owner.children.map(({ identity }) => Number.parseInt(identity, 10))];
      for (const pid of [...pids, Number.parseInt(postmaster, 10)]) process.kill(pid, "SIGKILL");
      await ended;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
