/** Jobs as people write them: YAML or JSON, several documents or a list in one file, one file or a directory of them. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { NamedJobDefinition } from "@roost/contract/operations";
import { parseAllDocuments } from "yaml";
import type { z } from "zod";
import { readInput } from "../conversation/read-input.ts";

export type WrittenJob = z.input<typeof NamedJobDefinition>;

const fileBytesMax = 1_048_576;
const filesMax = 500;

/**
 * @param path a file, a directory of *.yaml, *.yml and *.json, or - for what is piped in
 * @throws RoostError `invalid_input` naming the file and what is wrong in it
 */
export async function readJobFiles(path: string): Promise<WrittenJob[]> {
  if (path === "-") return parseJobs(await readInput(), "the input");
  const jobs: WrittenJob[] = [];
  const files = await listFiles(path);
  if (files.length === 0) throw new RoostError("not_found", `there are no YAML or JSON files in ${path}`);
  const fileOf = new Map<string, string>();
  for (const file of files) {
    for (const job of parseJobs(await readText(file), file)) {
      const other = fileOf.get(job.id);
      if (other !== undefined)
        throw new RoostError(
          "invalid_input",
          `the job "${job.id}" is defined twice, in ${other} and in ${file}: keep one`,
        );
      fileOf.set(job.id, file);
      jobs.push(job);
    }
  }
  return jobs;
}

/** @throws RoostError `invalid_input` */
export function parseJobs(text: string, file: string): WrittenJob[] {
  return parseYaml(text, file).map((value, index) => {
    const name = (value as { id?: unknown } | null)?.id;
    return checkJob(value, `${file}: ${typeof name === "string" ? `job "${name}"` : `job ${index + 1}`}`);
  });
}

/** The values in a text: of each document, or of the list that it is. @throws RoostError `invalid_input` */
export function parseYaml(text: string, file: string): unknown[] {
  const documents = parseAllDocuments(text);
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) throw new RoostError("invalid_input", `${file}: ${fault.message.trim()}`, { cause: fault });
  return documents.flatMap((document): unknown[] => {
    const value = document.toJS() as unknown;
    if (value === null || value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  });
}

function checkJob(value: unknown, what: string): WrittenJob {
  const parsed = NamedJobDefinition.strict().safeParse(value);
  // As it was written: what it leaves out is the gateway's to fill in.
  if (parsed.success) return value as WrittenJob;
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  throw new RoostError("invalid_input", `${what}: ${faults.join("; ")}`, { cause: parsed.error });
}

async function listFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new RoostError("not_found", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(?:ya?ml|json)$/.test(name)).toSorted();
  if (names.length > filesMax)
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${names.length} files (limit ${filesMax}): apply them in parts`,
    );
  return names.map((name) => join(path, name));
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > fileBytesMax)
    throw new RoostError("limit_exceeded", `${file} has ${size} bytes (limit ${fileBytesMax}): split it`);
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw new RoostError("not_found", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  });
}
