import type { CronJob } from "./cron-job.ts";

/** The Roost tools for each OpenClaw tool. */
const toolsHere: Record<string, string[]> = {
  read: ["read_file", "list_files"],
  write: ["write_file"],
  edit: ["read_file", "write_file"],
  apply_patch: ["read_file", "write_file"],
  memory_search: ["search_files"],
  memory_get: ["read_file"],
  web_fetch: ["http_fetch"],
  message: ["notify"],
  cron: ["list_jobs", "define_job", "pause_job", "run_job"],
  sessions_list: ["list_runs"],
  sessions_history: ["read_run"],
};

/** The tools that it may use, never more than there: none where its list cannot be read. Undefined: all. */
export function convertTools({ payload, ...source }: CronJob, notes: string[]): string[] | undefined {
  const given = payload["toolsAllow"] ?? source["toolsAllow"];
  if (given === undefined || given === null) return undefined;
  if (!Array.isArray(given)) {
    notes.push(`its list of tools ${JSON.stringify(given)} cannot be read: it may use none`);
    return [];
  }
  const names = given.filter((name) => typeof name === "string");
  if (names.includes("*")) return undefined;
  const toHere = (name: string) => (Object.hasOwn(toolsHere, name) ? toolsHere[name] : undefined);
  const missing = names.filter((name) => toHere(name) === undefined);
  const tools = [...new Set(names.flatMap((name) => toHere(name) ?? []))];
  const lacks = missing.length === 0 ? "" : `; there is no equivalent here of ${missing.join(", ")}`;
  notes.push(`it may use only these tools: ${tools.join(", ") || "none"}${lacks}`);
  return tools;
}
