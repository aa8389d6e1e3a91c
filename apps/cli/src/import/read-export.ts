/** An export of a home of Roost: its records, in an order in which each finds what it refers to. A file whose hash is not the manifest's is refused by name. */
import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { homeRecordLimits, type HomeRecordGiven } from "@roost/contract/operations";
import { rowsFile } from "../export/export-services.ts";
import { readManifest } from "../export/open-export-folder.ts";
import { sha256OfFile } from "../bring-ranges.ts";
import { splitFrontMatter } from "./coding/to-agent-file.ts";
import { noPlace, noteOf, recordOf, refusedAs, type Finding } from "./found/found.ts";
import { placeIn, readJsonLines, type TranscriptEntry } from "./found/read-json-lines.ts";
import { readWithin } from "./found/walk-source.ts";

/** Labels of parts before messages name them, facts and their lines before the file that shows them. */
const order = [
  "parts",
  "sessions",
  "messages",
  "facts",
  "views",
  "states",
  "grants",
  "bases",
  "sources",
  "items",
  "heartbeats",
] as const;

export async function* readExport(root: string): Finding {
  const manifest = await readManifest(root);
  if (manifest === undefined) return yield refusedAs("manifest.json", "it is torn or foreign");
  const whole = new Map<string, string>();
  for (const { path, sha256 } of manifest.files) {
    if (isOutside(path)) {
      yield refusedAs(path, "its name leads out of the export");
      continue;
    }
    const found = await hashOf(join(root, path));
    if (found === sha256) whole.set(path, sha256);
    else yield refusedAs(path, found === undefined ? "it is not there" : "it was changed since the export");
  }
  for (const kind of order)
    if (whole.has(`records/${kind}.jsonl`))
      yield* readLines(root, `records/${kind}.jsonl`, (value) => value as HomeRecordGiven);
  for (const path of whole.keys()) {
    const [topic, file] = path.split("/");
    if ((topic === "events" || topic === "spend") && file !== undefined) {
      const home = homeNamed(file);
      if (home === undefined) yield refusedAs(path, "it is not named after a home");
      else yield* readLines(root, path, (value, seq) => historyOf(home, topic, value, seq));
    }
    if (topic === "services" && !path.endsWith(`/${rowsFile}`))
      yield noPlace(path, "lists of services are for others to read: their rows are taken back");
  }
  yield* readFiles(root, whole);
}

/** An export names its files by their paths in it, with `/`. */
function isOutside(path: string): boolean {
  return isAbsolute(path) || path.split("/").includes("..");
}

async function* readLines(
  root: string,
  path: string,
  toRecord: (value: Record<string, unknown>, seq: number) => HomeRecordGiven,
): Finding {
  for await (const entry of readJsonLines(join(root, path)))
    yield "problem" in entry
      ? refusedAs(placeIn(path, entry), entry.problem)
      : recordOf(toRecord(entry.value, entry.seq));
}

function homeNamed(file: string): string | undefined {
  try {
    return decodeURIComponent(file.replace(/\.jsonl$/, ""));
  } catch {
    return undefined;
  }
}

function historyOf(home: string, topic: string, record: Record<string, unknown>, seq: number): HomeRecordGiven {
  const { topic: of, partition, offset, time } = record;
  const ref =
    topic === "events"
      ? `${String(of)}/${String(partition)}/${String(offset).padStart(16, "0")}`
      : String(seq).padStart(8, "0");
  return { kind: "history", ref, home, topic, at: typeof time === "string" ? time : null, record };
}

async function* readFiles(root: string, whole: ReadonlyMap<string, string>): Finding {
  if (!whole.has("records/files.jsonl")) return;
  for await (const entry of readJsonLines(join(root, "records/files.jsonl"))) {
    if ("problem" in entry) {
      yield refusedAs(placeIn("records/files.jsonl", entry), entry.problem);
      continue;
    }
    const { path, labels, sections } = entry.value as {
      path: string;
      labels: string[];
      sections?: [number, number, string[]][];
    };
    const sha256 = whole.get(`home/${path}`);
    if (sha256 === undefined) continue;
    const absolute = join(root, "home", path);
    const { size } = await stat(absolute);
    const isLarge = size > homeRecordLimits.fileBytesMax;
    const bytes = isLarge ? undefined : await readWithin(absolute);
    if (typeof bytes === "string") {
      yield refusedAs(`home/${path}`, bytes);
      continue;
    }
    const text = bytes && textOf(bytes);
    if (/^agents\/[^/]+\.md$/.test(path) && splitFrontMatter(text ?? "").keys["tools"] === undefined)
      yield noteOf(`${path} names no tools, so that its agent has none: in an earlier version of Roost it had all`);
    yield recordOf(
      {
        kind: "file",
        ref: path,
        path,
        ...(bytes === undefined
          ? { brought: { sha256, bytes: size } }
          : text === undefined
            ? { base64: bytes.toString("base64") }
            : { text }),
        labels,
        sections,
      },
      { content: isLarge ? absolute : undefined },
    );
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The lines of a file that is as the manifest says; of another none: its refusal is told once. */
export async function* readWholeLines(root: string, path: string): AsyncGenerator<Record<string, unknown>> {
  for await (const entry of readWholeEntries(root, path)) if ("value" in entry) yield entry.value;
}

/** As `readWholeLines`, with their numbers and those that are torn. */
export async function* readWholeEntries(root: string, path: string): AsyncGenerator<TranscriptEntry> {
  const named = (await readManifest(root))?.files.find((file) => file.path === path && !isOutside(path));
  if (named === undefined || (await hashOf(join(root, path))) !== named.sha256) return;
  yield* readJsonLines(join(root, path));
}

async function hashOf(path: string): Promise<string | undefined> {
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) return undefined;
  return await sha256OfFile(path);
}
