/**
 * Restate's server from npm in the comparison. It keeps its own store and no PostgreSQL; a job is an invocation over its HTTP
 * ingress that is waited for, which is the way it hands out work.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as restate from "@restatedev/restate-sdk";
import { freePort } from "@roost/base/testing";
import type { PeerSetup, WorkloadParameters, WorkloadResult } from "../src/peers/peer.ts";
import { servePeer } from "../src/peers/serve-peer.ts";
import { timeCalls } from "../src/peers/time-jobs.ts";
import { versionOf } from "./version-of.ts";

const readyMsMax = 30_000;
const lookAgainMs = 100;

const agent = new Agent({ keepAlive: true, maxSockets: 200 });
/** Chosen when the server starts. */
const ports = { ingress: 0 };

const service = restate.service({
  name: "bench",
  handlers: {
    noop: async () => "done",
    steps: async (context: restate.Context, stepCount: number) => {
      for (let seq = 1; seq <= stepCount; seq += 1) await context.run(`step ${seq}`, async () => ({ seq }));
      return "done";
    },
  },
});

async function prepare({ directory }: PeerSetup): Promise<void> {
  const [adminPort, nodePort, metricsFreePort] = [await freePort(), await freePort(), await freePort()];
  ports.ingress = await freePort();
  const config = join(directory, "restate.toml");
  writeFileSync(
    config,
    `listen-mode = "tcp"\nbind-ip = "127.0.0.1"\nbind-port = ${nodePort}\ndisable-telemetry = true\nlog-filter = "error"\n[admin]\nbind-port = ${adminPort}\n[ingress]\nbind-port = ${ports.ingress}\n`,
  );
  const server = startServer(config, join(directory, "restate"));
  const failed = new Promise<never>((_, reject) =>
    server.once("exit", (code) => reject(new Error(`its server ended with ${code} before it was ready`))),
  );
  failed.catch(() => undefined);
  await Promise.race([untilHealthy(adminPort), failed]);
  const servicePort = await restate.endpoint().bind(service).listen(metricsFreePort);
  await call(adminPort, "/deployments", { uri: `http://127.0.0.1:${servicePort}`, force: true });
  await untilCallable();
}

function startServer(config: string, directory: string): ChildProcess {
  const platform = `${process.platform}-${process.arch}`;
  const program = fileURLToPath(
    new URL(`./node_modules/@restatedev/restate-server-${platform}/bin/restate-server`, import.meta.url),
  );
  const child = spawn(program, ["--no-logo", "-c", config, "--base-dir", directory, "--node-name", "bench"], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], HOME: directory, RESTATE_DISABLE_TELEMETRY: "true", DO_NOT_TRACK: "1" },
  });
  child.once("error", () => undefined);
  // It must not outlive this program, however that ends: the parent kills it by its number as well.
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function untilHealthy(port: number): Promise<void> {
  const untilMs = Date.now() + readyMsMax;
  while (Date.now() < untilMs) {
    if (
      await call(port, "/health").then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  throw new Error(`its server was not ready within ${readyMsMax / 1000} s`);
}

async function untilCallable(): Promise<void> {
  const untilMs = Date.now() + readyMsMax;
  for (;;) {
    try {
      await call(ports.ingress, "/bench/noop", null);
      return;
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }
}

function call(port: number, path: string, body?: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: body === undefined || body === null ? {} : { "content-type": "application/json" },
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => {
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 200)}`));
        });
        answer.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined || body === null ? undefined : JSON.stringify(body));
  });
}

async function claim(parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { concurrency, count } = parameters as { concurrency: number; count: number };
  return timeCalls({ count, concurrency, call: () => call(ports.ingress, "/bench/noop", null) });
}

async function steps(parameters: WorkloadParameters): Promise<WorkloadResult> {
  const { steps: stepCount, concurrency, count } = parameters as { steps: number; concurrency: number; count: number };
  return timeCalls({ count, concurrency, call: () => call(ports.ingress, "/bench/steps", stepCount) });
}

servePeer({
  facts: {
    version: `${versionOf("@restatedev/restate-server")}, sdk ${versionOf("@restatedev/restate-sdk")}`,
    settings: ["its own store (RocksDB, fsync on), not PostgreSQL", "HTTP ingress, callers wait", "defaults"],
    guarantees: {
      fence: "leader epoch of its partition",
      deduplication: "idempotency key, unused here",
      history: "journal kept for a day",
      durability: "each journal entry fsynced in batches",
      delivery: "steps at least once, on disconnect",
    },
  },
  prepare,
  workloads: { claim, steps },
});
