/** What the agents of a domain are told of it: the words and rules of its domain.yaml, and its AGENTS.md. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeIssue, formatPath, RoostError } from "@roost/base";
import { parse } from "yaml";
import { z } from "zod";

const Line = z.string().min(1).max(500);
const Domain = z.strictObject({
  vocabulary: z.record(z.string().min(1).max(100), Line).default({}),
  invariants: z.array(Line).max(100).default([]),
});

/** As much as an agent is shown of a file of the home. */
const guideCharsMax = 20_000;

export interface Guide {
  /** As agents are told it; empty without these files. */
  text: string;
  /** Words of domain.yaml: by them tools are found too. */
  vocabulary: Readonly<Record<string, string>>;
}

/** @throws RoostError `invalid_input` naming the file and what is wrong with it */
export async function readGuide(directory: string): Promise<Guide> {
  const path = join(directory, "domain.yaml");
  const [yaml, prose] = await Promise.all([path, join(directory, "AGENTS.md")].map(readText));
  const { vocabulary, invariants } = readDomain(yaml ?? "", path);
  const words = Object.entries(vocabulary).map(([word, meaning]) => `- ${word}: ${meaning}`);
  const guide = [
    words.length === 0 ? "" : `Words of this domain:\n${words.join("\n")}`,
    invariants.length === 0 ? "" : `What always holds:\n${invariants.map((rule) => `- ${rule}`).join("\n")}`,
    prose?.trim() ?? "",
  ]
    .filter((part) => part !== "")
    .join("\n\n");
  if (guide.length > guideCharsMax)
    throw new RoostError(
      "limit_exceeded",
      `${directory}: domain.yaml and AGENTS.md have ${guide.length} characters together (limit ${guideCharsMax})`,
    );
  return { text: guide, vocabulary };
}

function readDomain(text: string, path: string): z.output<typeof Domain> {
  try {
    return Domain.parse(parse(text) ?? {});
  } catch (cause) {
    const message =
      cause instanceof z.ZodError
        ? cause.issues.map((issue) => `${formatPath(issue.path)} ${describeIssue(issue)}`.trim()).join("; ")
        : (cause as Error).message;
    throw new RoostError("invalid_input", `${path}: ${message}`, { cause });
  }
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
