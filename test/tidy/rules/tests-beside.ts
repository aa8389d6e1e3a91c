/** `x.test.ts` stands beside what it tests: a file, a folder, or several files of its own folder. */
import { posix } from "node:path";
import { isTest, roomOf, type Complaint, type Repository } from "../repository.ts";

/** A test of how several files of its folder work together is named after what they do together. */
const togetherMin = 2;
const sources = [".ts", ".tsx", ".css", ".mjs", ".sql"];

export function checkTestsBeside(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (roomOf(file.path) === undefined || !file.path.endsWith(".test.ts")) return [];
    // One file may have several: next-moments.test.ts, next-moments.oracle.test.ts.
    const subject = posix.join(posix.dirname(file.path), posix.basename(file.path).split(".")[0] as string);
    const isBeside = sources.some((ending) => repository.find(subject + ending));
    const isOfFolder = repository.files.some(({ path }) => path.startsWith(`${subject}/`));
    const tested = file.imports.filter(({ from }) => from.startsWith("./") && !isTest(from));
    return isBeside || isOfFolder || tested.length >= togetherMin
      ? []
      : [
          {
            path: file.path,
            message:
              "tests nothing beside it: name it after the file that it tests, or move it to test/ when it tests several rooms",
          },
        ];
  });
}
