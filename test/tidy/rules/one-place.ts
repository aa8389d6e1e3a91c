/** What has one obvious place is nowhere else: environment, printing, clock, randomness, names of telemetry. */
import { isProgram, isTest, type Complaint, type Repository } from "../repository.ts";

interface Place {
  pattern: RegExp;
  /** Where it belongs. */
  isAllowed: (path: string) => boolean;
  message: string;
}

const isScript = (path: string) => path.startsWith("scripts/") || /^apps\/[^/]+\/bin\//.test(path);

const places: readonly Place[] = [
  {
    pattern: /\bprocess\.env\b/,
    // Measurements start programs and hand them an environment.
    isAllowed: (path) => path.endsWith("/config.ts") || path.startsWith("bench/") || isScript(path),
    message: "reads the environment: let the app's config.ts read it and take the value as an argument",
  },
  {
    pattern: /\bconsole\.\w+\(|\bprocess\.std(?:out|err)\.write\(/,
    // The supervisor is what a person looks at while it starts: its main.ts hands the terminal down.
    isAllowed: (path) =>
      path.startsWith("apps/cli/") ||
      /^(?:apps|packages)\/[^/]+\/src\/main\.ts$/.test(path) ||
      path.startsWith("bench/") ||
      isScript(path),
    message: "prints: use the logger it was handed; printing is for apps/cli",
  },
  {
    pattern: /\bDate\.now\(\)|\bnew Date\(\)/,
    isAllowed: (path) => path.startsWith("packages/base/") || path.startsWith("bench/") || isScript(path),
    message: "asks the system for the time: take a Clock (@roost/base) as an argument, so that a test can stand still",
  },
  {
    pattern: /\bMath\.random\(\)/,
    isAllowed: (path) => path.startsWith("packages/base/") || isScript(path),
    message: "makes up a number: take the randomness as an argument, ids come from @roost/base",
  },
  {
    pattern: /["'`]gen_ai\.[\w.]+["'`]/,
    isAllowed: (path) => path === "packages/telemetry/src/attributes.ts",
    message: "names a telemetry attribute: all names stand in packages/telemetry/src/attributes.ts",
  },
];

export function checkOnePlace(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (!isProgram(file.path) || isTest(file.path) || file.path.startsWith("test/")) return [];
    const isComment = commentLines(file.comments);
    return places.flatMap(({ pattern, isAllowed, message }) =>
      isAllowed(file.path)
        ? []
        : file.lines.flatMap((text, index) =>
            pattern.test(text) && !isComment.has(index + 1) ? [{ path: file.path, line: index + 1, message }] : [],
          ),
    );
  });
}

/** Lines that are comment from end to end, or begin one. */
function commentLines(comments: readonly { line: number; lineCount: number; text: string }[]): Set<number> {
  const lines = new Set<number>();
  for (const { line, lineCount } of comments)
    for (let at = line; lineCount > 1 && at < line + lineCount; at += 1) lines.add(at);
  return lines;
}
