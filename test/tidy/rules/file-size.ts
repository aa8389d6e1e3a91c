/** How long a file may be, and what it says at its top when it is not short. */
import { isProgram, isTest, roomOf, type Complaint, type Repository, type SourceFile } from "../repository.ts";

const linesMax = 500;
const linesToExplain = 300;
const linesToOpen = 50;
const openingLinesMax = 8;

export function checkFileSize(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    const isSql = file.path.endsWith(".sql");
    if (!isProgram(file.path) && !isSql) return [];
    const count = file.lines.length - (file.lines.at(-1) === "" ? 1 : 0);
    if (count > linesMax)
      return [
        {
          path: file.path,
          message: `has ${count} lines, ${linesMax} is the limit: it holds more than one concept, make each a file`,
        },
      ];
    if (isTest(file.path) || (roomOf(file.path) === undefined && !file.path.startsWith("scripts/"))) return [];
    const opening = isSql ? readSqlOpening(file) : readOpening(file);
    if (count > linesToExplain && !/\blong because\b/i.test(opening ?? "")) {
      return [
        {
          path: file.path,
          message: `has ${count} lines: split it, or say at its top "Long because …" when ${linesToExplain} would make it worse`,
        },
      ];
    }
    const isIndex = file.exports.length > 0 && file.exports.every((one) => one.isReexport);
    if (count > linesToOpen && opening === undefined && !isIndex) {
      return [
        {
          path: file.path,
          line: 1,
          message: `has ${count} lines: open it with one to five lines that say what it owns and what it does not`,
        },
      ];
    }
    if (opening !== undefined && count > linesToOpen && opening.split("\n").length > openingLinesMax) {
      return [
        {
          path: file.path,
          line: 1,
          message: `opens with more than ${openingLinesMax} lines: say what it owns in five, the rest belongs to what it explains`,
        },
      ];
    }
    return [];
  });
}

/** The comment before the first statement, without its marks; undefined when there is none. */
function readOpening(file: SourceFile): string | undefined {
  const [first] = file.comments;
  if (first === undefined || first.line > 2) return undefined;
  const block = first.text.split("\n").map((line) => line.replace(/^\s*\*+\s?/, ""));
  const following: string[] = [];
  for (const next of file.comments.slice(1)) {
    if (next.lineCount > 1 || next.line !== first.line + first.lineCount + following.length) break;
    following.push(next.text);
  }
  return [...block, ...following].join("\n").trim();
}

function readSqlOpening(file: SourceFile): string | undefined {
  const lines: string[] = [];
  for (const line of file.lines) {
    if (!line.startsWith("--")) break;
    lines.push(line);
  }
  return lines.length === 0 ? undefined : lines.join("\n");
}
