/** A home whose process may write nothing but the home's directory, as one user without rights: what a container with a read-only file system gives it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { hearEnd } from "../bench/src/week/live-week.ts";
import { startSupervised } from "./scenarios/start-supervised.ts";

const user = "nobody";
/** In a mount namespace of its own: everything is read-only, the home is not. */
const confine = `mount --bind "$0" "$0" && mount -o remount,bind,ro / &&
  exec setpriv --reuid ${user} --regid "$(id -g ${user})" --clear-groups --bounding-set -all --no-new-privs "$@"`;
const inNamespace = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", confine];
const canConfine =
  process.platform === "linux" && spawnSync(inNamespace[0]!, [...inNamespace.slice(1), "/mnt", "true"]).status === 0;

test(
  "A home starts, answers and stops where its program is read-only and nothing but its own directory can be written",
  { skip: canConfine ? false : "a read-only file system needs Linux, unshare, setpriv and root" },
  async () => {
    await using opened = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "roost-read-only-"));
    opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const idOf = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
    await chown(directory, idOf("-u"), idOf("-g"));
    const model = opened.use(await startScriptedModelServer({ script: () => "Heard" }));
    const home = await startSupervised({
      directory,
      modelUrl: model.url,
      services: [],
      command: [...inNamespace, directory],
    });
    opened.defer(() => home.stop());
    const { runId } = await home.api.sendMessage({ sessionKey: "main", text: "Hello" });
    const { state, text } = await hearEnd(home, runId);
    assert.deepEqual([state, text], ["done", "Heard"]);
  },
);
