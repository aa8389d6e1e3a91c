// `node scripts/lines.mjs`: lines of each room, TypeScript and SQL, without tests, fixtures and what only tests use; in the second column without
// blank lines and comments.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const isTest = (path) => /\.test\.tsx?$|\.fixture\.ts$|\/testing\/|\/before\/|^test\//.test(path);
const listed = execFileSync("git", ["ls-files", "*.ts", "*.tsx", "*.sql"], { encoding: "utf8" });
const rooms = new Map();
for (const path of listed.split("\n").filter((line) => line !== "" && !isTest(line))) {
  const room = path
    .split("/")
    .slice(0, /^(?:packages|apps|services|channels)\//.test(path) ? 2 : 1)
    .join("/");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const told = lines.filter((line) => !/^\s*(?:$|--|\/\/|\/?\*)/.test(line));
  const [all, code] = rooms.get(room) ?? [0, 0];
  rooms.set(room, [all + lines.length, code + told.length]);
}
const print = (name, [all, code]) => console.log(`${String(all).padStart(7)} ${String(code).padStart(7)}  ${name}`);
for (const [name, counts] of [...rooms].toSorted(([, [a]], [, [b]]) => b - a)) print(name, counts);
print(
  "all",
  [...rooms.values()].reduce(([a, b], [all, code]) => [a + all, b + code], [0, 0]),
);
