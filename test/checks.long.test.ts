/** The tools that read all of the code, as tests: what they say is the message of the failure. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const outputCharsMax = 8_000;

const checks = [
  // Reads all types once, for its rules and for the compiler's own findings, the console's included.
  { title: "oxlint finds nothing, nor a mistake in the types", tool: "oxlint/bin/oxlint", args: [] },
  // Their packages are installed only where they are measured, so their types are not checked.
  {
    title: "oxlint finds nothing in the programs of peers",
    tool: "oxlint/bin/oxlint",
    args: ["-c", "bench/peers/oxlint.json", "bench/peers"],
  },
  { title: "oxfmt would change nothing: else run npm run format", tool: "oxfmt/bin/oxfmt", args: ["--check", "."] },
  { title: "knip finds no dead file, export or dependency", tool: "knip/bin/knip.js", args: ["--no-config-hints"] },
];

for (const { title, tool, args } of checks) {
  test(title, async () => {
    const child = spawn(process.execPath, [`node_modules/${tool}`, ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    assert.equal(code, 0, `${out}${err}`.slice(0, outputCharsMax));
  });
}
