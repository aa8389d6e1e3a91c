/** What a newcomer reads: short, at its place, and with the facts that the rest relies on. */
import { posix } from "node:path";
import { roomOf, type Complaint, type Repository } from "../repository.ts";
import { floorOf } from "./import-direction.ts";

const architectureLinesMax = 200;
const readmeLinesMax = 40;
const required = ["README.md", "LICENSE", "docs/ARCHITECTURE.md", "docs/GLOSSARY.md"];

export function checkHouseDocuments(repository: Repository): Complaint[] {
  const missing = required
    .filter((path) => !repository.find(path))
    .map((path) => ({ path, message: "is missing: write it" }));
  return [...missing, ...checkArchitecture(repository), ...checkReadmes(repository), ...checkDecisions(repository)];
}

function checkArchitecture(repository: Repository): Complaint[] {
  const file = repository.find("docs/ARCHITECTURE.md");
  if (file === undefined || file.lines.length - 1 <= architectureLinesMax) return [];
  return [
    {
      path: file.path,
      message: `has ${file.lines.length - 1} lines, ${architectureLinesMax} is the limit: details belong to the README of their room`,
    },
  ];
}

function checkReadmes(repository: Repository): Complaint[] {
  return repository.files.flatMap(({ path }) => {
    const room = roomOf(path);
    if (room === undefined || path !== `${room}/package.json`) return [];
    const readme = repository.find(`${room}/README.md`);
    if (readme === undefined) {
      return [
        {
          path: `${room}/README.md`,
          message: "is missing: ten lines that say the room's job, its floor and what it will never do",
        },
      ];
    }
    const complaints: Complaint[] = [];
    const floor = floorOf(room);
    if (room !== "bench" && !new RegExp(`\\bfloor ${floor}\\b`, "i").test(readme.text)) {
      complaints.push({ path: readme.path, message: `does not name its floor: write "Floor ${floor}"` });
    }
    if (!/\bnever\b/i.test(readme.text))
      complaints.push({ path: readme.path, message: "does not say what the room will never do: say it" });
    if (readme.lines.length - 1 > readmeLinesMax) {
      complaints.push({
        path: readme.path,
        message: `has ${readme.lines.length - 1} lines, ${readmeLinesMax} is the limit: it is a sign at the door`,
      });
    }
    return complaints;
  });
}

function checkDecisions(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (posix.dirname(file.path) !== "docs/decisions") return [];
    if (!/^\d{3}-[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.test(posix.basename(file.path))) {
      return [{ path: file.path, message: "is not named like a decision: NNN-what-was-decided.md" }];
    }
    return /^#+ When to revisit$/m.test(file.text)
      ? []
      : [
          {
            path: file.path,
            message: 'does not say when it should be looked at again: add a section "When to revisit"',
          },
        ];
  });
}
