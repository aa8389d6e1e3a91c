/** What a directory is, by what stands in it. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { RoostError } from "@roost/base";
import { statNamed } from "../unreadable.ts";
import { readManifest } from "../export/open-export-folder.ts";
import { readCoding } from "./coding/read-coding.ts";
import type { Finding } from "./found/found.ts";
import { readOpenClaw } from "./openclaw/read-openclaw.ts";
import { readExport } from "./read-export.ts";
import { readFolder } from "./read-folder.ts";

export interface DetectedSource {
  kind: "roost" | "openclaw" | "coding" | "folder";
  /** For people: `OpenClaw 2026.7 or later`. */
  title: string;
  read: () => Finding;
}

export const sourceKinds = ["roost", "openclaw", "coding", "folder"] as const;

/** @throws RoostError `not_found`, `invalid_input` */
export async function detectSource(root: string, given?: DetectedSource["kind"]): Promise<DetectedSource> {
  const found = await statNamed(root);
  if (!found.isDirectory()) throw new RoostError("invalid_input", `${root} is not a directory: name the home itself`);
  const names = new Set(await readdir(root));
  const kind = given ?? ((await readManifest(root)) === undefined ? kindOf(root, names) : "roost");
  if (kind === "roost") return { kind, title: "an export of a home of Roost", read: () => readExport(root) };
  if (kind === "openclaw") return { kind, title: await generationOf(root), read: () => readOpenClaw(root) };
  if (kind === "coding") return { kind, title: codingTitle(root, names), read: () => readCoding(root) };
  return { kind, title: "a folder", read: () => readFolder(root) };
}

function kindOf(root: string, names: ReadonlySet<string>): DetectedSource["kind"] {
  const has = (...all: string[]) => all.some((name) => names.has(name));
  if (has("openclaw.json", "openclaw.sqlite") || (has("cron", "state", "agents") && has("workspace")))
    return "openclaw";
  if (has(".claude", ".codex", "CLAUDE.md") || [".claude", ".codex"].includes(basename(root))) return "coding";
  if (has("projects") && has("settings.json", "history.jsonl", ".credentials.json")) return "coding";
  if (has("sessions") && has("config.toml", "auth.json")) return "coding";
  return "folder";
}

async function generationOf(root: string): Promise<string> {
  const isThere = async (path: string) => (await stat(join(root, path)).catch(() => undefined)) !== undefined;
  if (await isThere("state/openclaw.sqlite")) return "OpenClaw 2026.7 or later";
  return "OpenClaw up to 2026.6";
}

function codingTitle(root: string, names: ReadonlySet<string>): string {
  const isCodex = names.has(".codex") || basename(root) === ".codex" || names.has("config.toml");
  const isClaude =
    names.has(".claude") || names.has("CLAUDE.md") || names.has("projects") || basename(root) === ".claude";
  return [isClaude ? "Claude Code" : "", isCodex ? "Codex" : ""].filter(Boolean).join(" and ");
}
