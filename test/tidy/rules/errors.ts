/** How failures are said: one class with a closed code, a sentence without a final period. */
import { isProgram, isTest, roomOf, type Complaint, type Repository } from "../repository.ts";

const plainError = /\bthrow new (?:Error|TypeError|RangeError)\(/;
const finalPeriod = /new RoostError\(\s*"[a-z_]+",\s*(?:`[^`]*[^.`]\.`|"[^"\n]*[^."]\."|'[^'\n]*[^.']\.')/g;

export function checkErrors(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (!isProgram(file.path) || isTest(file.path)) return [];
    // The bench is a tool for its authors.
    if (roomOf(file.path) === undefined || file.path.startsWith("bench/")) return [];
    const plain = file.lines.flatMap((text, index) =>
      plainError.test(text)
        ? [
            {
              path: file.path,
              line: index + 1,
              message:
                "throws a plain error: RoostError with a code when the person or the system can cause it, assert when only a programmer can",
            },
          ]
        : [],
    );
    const periods = [...file.text.matchAll(finalPeriod)].map((found) => ({
      path: file.path,
      line: file.text.slice(0, found.index).split("\n").length,
      message: "ends an error's message with a period: leave it out, messages are put into sentences",
    }));
    return [...plain, ...periods];
  });
}
