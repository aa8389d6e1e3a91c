/** Other gateways for models, installed for the comparison alone: Portkey's from npm, LiteLLM's from PyPI. One that cannot be had is named and left out. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readInheritedEnvironment } from "../config.ts";
import { freePort } from "@roost/base/testing";
import { installLocked, runInstaller } from "../run-installer.ts";
import type { DoorTarget } from "./time-calls.ts";

const directory = fileURLToPath(new URL("../../doors/", import.meta.url));
const installMsMax = 600_000;
const startMsMax = 120_000;
const litellmVersion = "1.80.5";

export interface DoorPeer extends AsyncDisposable {
  name: string;
  target: DoorTarget;
}

/** Those that can be had; why the others cannot is told. */
export async function openDoorPeers(upstreamUrl: string, onProgress: (text: string) => void): Promise<DoorPeer[]> {
  const peers: DoorPeer[] = [];
  for (const open of [openPortkey, openLitellm]) {
    try {
      peers.push(await open(upstreamUrl, onProgress));
    } catch (error) {
      onProgress(`left out: ${(error as Error).message.split("\n")[0]?.slice(0, 300)}`);
    }
  }
  return peers;
}

async function openPortkey(upstreamUrl: string, onProgress: (text: string) => void): Promise<DoorPeer> {
  const program = join(directory, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!existsSync(program)) {
    onProgress("installing Portkey's gateway into bench/doors (once)");
    await installLocked({ cwd: directory, timeoutMs: installMsMax });
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = await startServer(process.execPath, [program, `--port=${port}`, "--headless"], `${url}/`);
  const headers = { "x-portkey-provider": "openai", "x-portkey-custom-host": `${upstreamUrl}/v1` };
  return { name: "Portkey", target: { url: `${url}/v1/chat/completions`, model: "scripted", headers }, ...started };
}

async function openLitellm(upstreamUrl: string, onProgress: (text: string) => void): Promise<DoorPeer> {
  const venv = join(tmpdir(), `roost-litellm-${litellmVersion}`);
  const program = join(venv, "bin/litellm");
  if (!existsSync(program)) {
    onProgress("installing LiteLLM from PyPI into the system's temporary directory (once)");
    mkdirSync(venv, { recursive: true });
    const options = { cwd: venv, timeoutMs: installMsMax };
    await runInstaller("python3", ["-m", "venv", venv], options);
    await runInstaller(join(venv, "bin/pip"), ["install", "--quiet", `litellm[proxy]==${litellmVersion}`], options);
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    "--model",
    "openai/scripted",
    "--api_base",
    `${upstreamUrl}/v1`,
    "--port",
    `${port}`,
    "--host",
    "127.0.0.1",
  ];
  const started = await startServer(program, args, `${url}/health/liveliness`);
  return {
    name: "LiteLLM",
    target: { url: `${url}/v1/chat/completions`, model: "openai/scripted", headers: {} },
    ...started,
  };
}

async function startServer(program: string, args: string[], healthUrl: string): Promise<AsyncDisposable> {
  const child = spawn(program, args, {
    stdio: "ignore",
    env: { ...readInheritedEnvironment(), OPENAI_API_KEY: "a key of no worth", TRUSTED_CUSTOM_HOSTS: "127.0.0.1" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  const untilMs = Date.now() + startMsMax;
  while (child.exitCode === null && Date.now() < untilMs) {
    const answer = await fetch(healthUrl).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return { [Symbol.asyncDispose]: stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stop();
  throw new Error(`${program} did not answer within ${startMsMax / 1000} s`);
}
