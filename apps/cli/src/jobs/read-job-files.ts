/** Reads jobs as people write them: YAML or JSON, several documents or a list per file, one file or a directory. */
import { join } from "node:path";
import { RoostError, toRoostError, type JsonValue } from "@roost/base";
import { NamedJobDefinition } from "@roost/contract/operations";
import {
  definitionFilesMax,
  listDefinitionFiles,
  parseJobDocuments,
  readJobFile,
  writtenFaults,
} from "@roost/jobs/files";
import type { z } from "zod";
import { readInput } from "../conversation/read-input.ts";
import { statNamed } from "../unreadable.ts";

export type WrittenJob = z.input<typeof NamedJobDefinition>;

/**
 * @param path a file, a directory of *.yaml, *.yml and *.json, or - for stdin
 * @throws RoostError `invalid_input`, naming each file that has an error, and the error
 */
export async function readJobFiles(path: string, stdin: AsyncIterable<Buffer>): Promise<WrittenJob[]> {
  if (path === "-") return parseJobs(await readInput(stdin), "the input");
  const jobs: WrittenJob[] = [];
  const files = await listFiles(path);
  if (files.length === 0) throw new RoostError("not_found", `there are no YAML or JSON files in ${path}`);
  const fileOf = new Map<string, string>();
  const faults: RoostError[] = [];
  for (const file of files) {
    try {
      const values = await readJobFile(file).catch((error: unknown) => {
        throw inFile(file, error);
      });
      for (const job of checkJobs(values, file)) {
        const other = fileOf.get(job.id);
        if (other !== undefined)
          throw new RoostError(
            "invalid_input",
            `the job "${job.id}" is defined twice, in ${other} and in ${file}: keep one`,
          );
        fileOf.set(job.id, file);
        jobs.push(job);
      }
    } catch (error) {
      faults.push(toRoostError(error));
    }
  }
  const [first] = faults;
  if (first === undefined) return jobs;
  throw new RoostError(first.code, faults.map(({ message }) => message).join("\n"), { cause: first });
}

/** @throws RoostError `invalid_input` */
export function parseJobs(text: string, file: string): WrittenJob[] {
  let values: JsonValue[];
  try {
    values = parseJobDocuments(text);
  } catch (error) {
    throw inFile(file, error);
  }
  return checkJobs(values, file);
}

function checkJobs(values: JsonValue[], file: string): WrittenJob[] {
  return values.map((value, index) => {
    const name = (value as { id?: unknown } | null)?.id;
    return checkJob(value, `${file}: ${typeof name === "string" ? `job "${name}"` : `job ${index + 1}`}`);
  });
}

function checkJob(value: unknown, what: string): WrittenJob {
  const parsed = NamedJobDefinition.strict().safeParse(value);
  // As written: the gateway fills in defaults.
  if (parsed.success) return value as WrittenJob;
  throw new RoostError("invalid_input", `${what}: ${writtenFaults(parsed.error).join("; ")}`, { cause: parsed.error });
}

async function listFiles(path: string): Promise<string[]> {
  const found = await statNamed(path);
  if (!found.isDirectory()) return [path];
  const names = await listDefinitionFiles(path);
  if (names.length > definitionFilesMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${names.length} files (limit ${definitionFilesMax}): apply them in parts`,
    );
  return names.map((name) => join(path, name));
}

/** Prefixes an error with the file's name. */
function inFile(file: string, error: unknown): RoostError {
  const { code, message } = toRoostError(error);
  return new RoostError(code, `${file}: ${message}`, { cause: error });
}
