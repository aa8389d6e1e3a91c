import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findSandbox } from "./find-sandbox.ts";
import { runConfined, type RunConfinedOptions } from "./run-confined.ts";

const found = await findSandbox();
/** Where none is, the reason stands in the report. */
const options = { skip: found.isUsable ? false : found.reason };
let root: string;
let directory: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), "roost-confined-"));
  directory = join(root, "own");
  await mkdir(directory);
  await writeFile(join(root, "secret"), "the blue heron");
});
after(() => rm(root, { recursive: true, force: true }));

async function sh(text: string, given: Partial<RunConfinedOptions> = {}) {
  const run = await runConfined(["/bin/sh", "-c", text], { directory, ...given });
  return { ...run, text: run.output.toString() };
}

test("runConfined() runs a program in its directory, with what it writes, reads and answers", options, async () => {
  const chunks: string[] = [];
  const onOutput = (chunk: Buffer) => void chunks.push(chunk.toString());
  const run = await sh("cat > note; echo out; echo err >&2; pwd; exit 7", { input: "kept", onOutput });
  assert.deepEqual(
    [run.end, run.exitCode, run.text.split("\n").toSorted()],
    ["exited", 7, ["", directory, "err", "out"]],
  );
  assert.equal(chunks.join(""), run.text);
  assert.equal((await sh("cat note")).text, "kept");
});

test("runConfined() shows a program nothing else of the machine, and lets it write nowhere else", options, async () => {
  const home = homedir();
  for (const command of [
    `cat ${root}/secret`,
    `ls ${home}`,
    "cat /etc/passwd",
    "ls /home /root /var /run /mnt",
    "touch /usr/x || touch /x",
    `ln -s ${root}/secret link; cat link`,
    "cat /proc/1/environ | tr '\\0' '\\n' | grep -i roost",
    "kill -9 -1; ls /proc | grep -c '^[0-9]' | grep -v '^[1-9]$'",
    "unshare -U true",
    "mount -t tmpfs none /mnt",
  ]) {
    const run = await sh(command);
    assert.ok(run.exitCode !== 0 && !run.text.includes("heron"), `${command}: ${run.exitCode} ${run.text}`);
  }
  assert.ok(!existsSync("/usr/x"));
  assert.equal((await sh("id -u; env | grep -c .", { env: { A: "b" } })).text.split("\n")[0], "1000");
  assert.equal((await sh(`cat ${root}/secret`, { readable: [join(root, "secret")] })).text, "the blue heron");
  assert.notEqual((await sh(`echo x > ${root}/secret`, { readable: [join(root, "secret")] })).exitCode, 0);
});

test(
  "runConfined() gives a program no setting of the kernel to write, whoever runs Roost, and no variable but its own",
  options,
  async () => {
    // As root, core_pattern would name a program that the kernel runs outside.
    const writable = await sh(
      "find /proc -path '/proc/[0-9]*' -prune -o -type f -writable -print 2>/dev/null | head; [ -w /proc/sys/kernel/core_pattern ] && echo w; (: >> /proc/sys/vm/drop_caches) 2>/dev/null && echo opened; true",
    );
    assert.equal(writable.text, "");
    const { text } = await sh("tr '\\0' '\\n' < /proc/self/environ; cat /proc/[0-9]*/environ | tr '\\0' '\\n'", {
      env: { A: "b" },
    });
    const names = new Set(text.split("\n").flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []));
    // Bash, which is /bin/sh on some systems, sets these itself.
    for (const name of ["SHLVL", "_"]) names.delete(name);
    assert.deepEqual([...names].toSorted(), ["A", "HOME", "LANG", "PATH", "PWD", "TMPDIR"]);
    const core = await sh("ulimit -c; sh -c 'kill -SEGV $$'; ls");
    assert.match(core.text, /^0\n/);
    assert.ok(!core.text.includes("core."), "its memory is written nowhere");
  },
);

test("runConfined() has no network, loopback and its sockets included, unless it is granted", options, async () => {
  const server = createServer((_request, response) => response.end("reached"));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const ask = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;
  const bash = (hasNetwork: boolean) => runConfined(["/bin/bash", "-c", ask], { directory, hasNetwork });
  try {
    const without = await bash(false);
    assert.ok(without.exitCode !== 0 && !without.output.includes("reached"));
    assert.match((await bash(true)).output.toString(), /reached/);
  } finally {
    server.close();
  }
});

test(
  "runConfined() ends a program at its limits of time, memory, processes, output and disk, with all that it has started",
  options,
  async () => {
    // What it has started holds its output open: this comes back when that has ended too.
    const slow = await sh("(sleep 600 & echo $!); sleep 600", { limits: { timeMsMax: 300 } });
    assert.deepEqual([slow.end, slow.exitCode], ["time", null]);
    const loud = await sh("yes", { limits: { outputBytesMax: 1000 } });
    assert.deepEqual([loud.end, loud.output.length], ["output", 1000]);
    const large = await sh("head -c 300000000 /dev/zero | tail -c 290000000 | wc -c; sleep 5", {
      limits: { memoryBytesMax: 100_000_000 },
    });
    assert.equal(large.end, "memory");
    const many = await sh("for i in $(seq 200); do sleep 20 & done; wait", { limits: { processesMax: 50 } });
    // The kernel refuses the process, or the count ends all of them.
    assert.ok(many.end === "processes" || (many.exitCode !== 0 && many.end === "exited"), many.text);
    const atOnce = "head -c 20000000 /dev/zero > fill; sleep 30";
    assert.equal((await sh(atOnce, { limits: { diskBytesMax: 5_000_000, timeMsMax: 60_000 } })).end, "disk");
    const fill = "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > fill$i; done";
    assert.equal((await sh(fill, { limits: { diskBytesMax: 5_000_000, timeMsMax: 60_000 } })).end, "disk");
    // It may be made smaller, and worked in.
    const limits = { diskBytesMax: 1_000_000 };
    assert.deepEqual(await sh("sleep 2; rm fill*; echo gone", { limits }).then(({ end, text }) => [end, text]), [
      "exited",
      "gone\n",
    ]);
  },
);

test("runConfined() ends a program that has hardly begun, however far its sandbox is set up", options, async () => {
  const limits = Array.from({ length: 30 }, (_, index) => ({ timeMsMax: 1 + index }));
  for (const each of limits) assert.equal((await sh("sleep 30", { limits: each })).end, "time");
});

test("runConfined() ends everything of a program when it is aborted", options, async () => {
  const stop = new AbortController();
  const onOutput = () => stop.abort(new Error("enough"));
  await assert.rejects(sh("sleep 30 & echo begun; wait", { signal: stop.signal, onOutput }), /enough/);
});

test("findSandbox() says why there is none, and what to do", async () => {
  const missing = await findSandbox({ program: "/no/such/bwrap" });
  assert.ok(
    !missing.isUsable && missing.reason === "bubblewrap is not installed" && missing.advice.includes("apt install"),
  );
  const elsewhere = await findSandbox({ platform: "darwin" });
  assert.ok(!elsewhere.isUsable && elsewhere.reason.includes("darwin"));
  const forbidding = join(root, "bwrap");
  const says = "bwrap: No permissions to create new namespace";
  await writeFile(forbidding, `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho '${says}' >&2\nexit 1\n`, {
    mode: 0o755,
  });
  const forbidden = await findSandbox({ program: forbidding, platform: "linux" });
  assert.ok(!forbidden.isUsable && forbidden.reason === `user namespaces are forbidden here (${says})`);
  assert.ok(forbidden.advice.length > 10);
});
