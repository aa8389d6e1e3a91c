// Stands in npm's place in tests: `npm ci` empties node_modules, puts down what the lockfile names for this platform,
// and writes its own record last. NPM_ORDER: `slow`, `stall` (after the first package), `leave NAME`, `error CODE`,
// `fail`.
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [order, argument] = (process.env.NPM_ORDER ?? "").split(" ");
const slowMs = 300;
appendFileSync("npm-runs", "x");
writeFileSync("npm-pid", String(process.pid));
writeFileSync("npm-arguments", process.argv.slice(2).join(" "));
if (order === "fail") process.exit(1);
if (order === "error") {
  console.error(`npm warn a warning\nnpm error code ${argument}\nnpm error what it was`);
  process.exit(1);
}
rmSync("node_modules", { recursive: true, force: true });
if (order === "slow") await sleep(slowMs);
const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const [path, { version, os }] of Object.entries(packages)) {
  if (path === "" || (os && !os.includes(process.platform)) || (order === "leave" && path.endsWith(argument))) continue;
  mkdirSync(join(path, "bin"), { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ version }));
  if (path.includes("node-")) symlinkSync(process.execPath, join(path, "bin/node"));
  if (order === "stall") await sleep(2 ** 30);
}
writeFileSync("node_modules/.package-lock.json", "{}");
