import type { Complaint, Repository } from "./repository.ts";
import { checkBarrels } from "./rules/barrels.ts";
import { checkErrors } from "./rules/errors.ts";
import { checkFileNames } from "./rules/file-names.ts";
import { checkFileSize } from "./rules/file-size.ts";
import { checkFinishedWork } from "./rules/finished-work.ts";
import { checkFolderCycles } from "./rules/folder-cycles.ts";
import { checkHouseDocuments } from "./rules/house-documents.ts";
import { checkImportDirection } from "./rules/import-direction.ts";
import { checkOnePlace } from "./rules/one-place.ts";
import { checkPackages } from "./rules/packages.ts";
import { checkPlainWords } from "./rules/plain-words.ts";
import { checkSqlComments } from "./rules/sql-comments.ts";
import { checkStartLoads } from "./rules/start-loads.ts";
import { checkTestsBeside } from "./rules/tests-beside.ts";
import { checkTypeNames } from "./rules/type-names.ts";

export interface Rule {
  title: string;
  check: (repository: Repository) => Complaint[];
}

/**
 * Where a rule would make a file worse, a comment on that line or above it (for the whole file: among its first lines)
 * starts with "tidy:" and says why.
 */
const exception = /(?:\/\/|--|\*|<!--)\s*tidy:\s*\S.{8,}/;
const firstLines = 10;

/** What is wrong under the rule, without the places that say why they break it. */
export function applyRule(rule: Rule, repository: Repository): Complaint[] {
  return rule.check(repository).filter(({ path, line }) => {
    const lines = repository.find(path)?.lines ?? [];
    const near = line === undefined ? lines.slice(0, firstLines) : lines.slice(Math.max(0, line - 2), line);
    return !near.some((text) => exception.test(text));
  });
}

export const rules: readonly Rule[] = [
  { title: "rooms import from lower floors only, and what is exported", check: checkImportDirection },
  { title: "folders of a package do not reach each other", check: checkFolderCycles },
  { title: "programs load at their start only what their list says", check: checkStartLoads },
  { title: "an index is for others, and the only barrel", check: checkBarrels },
  { title: "files are named after what they export, with words that say something", check: checkFileNames },
  { title: "a type name means one thing", check: checkTypeNames },
  { title: "files are short or say why, and open with what they own", check: checkFileSize },
  { title: "environment, printing, clock and randomness have one place each", check: checkOnePlace },
  { title: "errors have a code and a sentence", check: checkErrors },
  { title: "nothing is left for later", check: checkFinishedWork },
  { title: "tests stand beside what they test", check: checkTestsBeside },
  { title: "documents are there and short", check: checkHouseDocuments },
  { title: "packages are pinned and complete", check: checkPackages },
  { title: "every SQL statement says which invariant it keeps", check: checkSqlComments },
  { title: "the project speaks of itself alone", check: checkPlainWords },
];
