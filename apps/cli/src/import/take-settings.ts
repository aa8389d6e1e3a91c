/**
 * Writes settings of another home into roost.yaml, each where there is none here: what stands here, and what was set here since, stays. What an
 * import has brought before is noted beside it, so that what was removed here does not come back. The heartbeat of a new home counts as none, but stays off.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { jsonObjectOf, toRoostError, type JsonObject } from "@roost/base";
import { changeSettingsText, settingsFile } from "@roost/memory/settings";
import { clipText, type HomeRecordGiven, type ImportOutcome } from "@roost/contract/operations";
import { parseDocument } from "yaml";
import type { RoostClient } from "../connect.ts";
import type { ConvertedSettings } from "./openclaw/convert-settings.ts";
import { reasonOf } from "./reason-of.ts";
import { addNamed, countOne, sendBatch, type GatheredReport } from "./send-records.ts";

const starter = fileURLToPath(new URL("../../../../templates/home/roost.yaml", import.meta.url));

export interface TakeSettingsOptions {
  report: GatheredReport;
  isDryRun: boolean;
  /** As records of this import name it. */
  source: string;
  /** What was removed here comes back. */
  restores: boolean;
}

export async function takeSettings(
  client: RoostClient,
  { settings, left, beats }: ConvertedSettings,
  { report, isDryRun, source, restores }: TakeSettingsOptions,
): Promise<void> {
  for (const line of left) addNamed(report, "no-place", { name: "openclaw.json", reason: line });
  try {
    const { text: before, sha256 } = await readSettingsFile(client);
    let text = before;
    const notes = new Map(settings.map(({ path, value }) => [path.join("."), noteOf(path, value)]));
    const brought = restores ? new Set<string>() : await readBrought(client, source, [...notes.values()]);
    const hasStarterHeartbeat = isDeepStrictEqual(heartbeatOf(text), heartbeatOf(await readFile(starter, "utf8")));
    for (const { path, value } of settings) {
      const name = path.join(".");
      const here = parseDocument(text);
      const isStarter = path[0] === "heartbeat" && hasStarterHeartbeat && !brought.has(refOf(path));
      if (here.hasIn(path) && !isStarter) {
        const standing: unknown = path.reduce<unknown>((of, key) => jsonObjectOf(of)[key], here.toJS());
        const isSame = isDeepStrictEqual(standing, JSON.parse(JSON.stringify(value)));
        countOne(report, "setting", isSame ? "same" : "kept");
        if (!isSame)
          addNamed(report, "kept", {
            name: `${name} of roost.yaml`,
            reason: `it is ${sayValue(standing)} here, and was ${sayValue(value)} there`,
          });
        continue;
      }
      if (brought.has(refOf(path))) {
        countOne(report, "setting", "removed");
        addNamed(report, "kept", {
          name: `${name} of roost.yaml`,
          reason: "it was removed here: --removed brings it back",
        });
        continue;
      }
      try {
        const changed = changeSettingsText(text, settingsFile, (document) => document.setIn(path, value));
        text = changed;
        countOne(report, "setting", "created");
        report.notes.push(`${name} of roost.yaml is taken from openclaw.json`);
      } catch (error) {
        countOne(report, "setting", "refused");
        notes.delete(name);
        addNamed(report, "refused", { name: `openclaw.json ${name}`, reason: toRoostError(error).message });
      }
    }
    if (beats && !beatsHere(text))
      report.notes.push(
        "the heartbeat is on there and off here: heartbeat: { enabled: true } in roost.yaml turns it on, once it is off there",
      );
    if (isDryRun) return;
    const { state } =
      text === before ? { state: "same" } : await client.writeFile({ path: settingsFile, text, sha256 });
    if (state === "conflict")
      addNamed(report, "refused", { name: settingsFile, reason: "it was changed meanwhile: import again" });
    else await sendNotes(client, source, { notes: [...notes.values()], isDryRun: false });
  } catch (error) {
    addNamed(report, "refused", { name: settingsFile, reason: reasonOf(error) });
  }
}

function heartbeatOf(text: string): JsonObject {
  return jsonObjectOf(jsonObjectOf(parseDocument(text).toJS())["heartbeat"]);
}

/** As it is applied: on, unless it says otherwise. */
function beatsHere(text: string): boolean {
  return heartbeatOf(text)["enabled"] !== false;
}

function sayValue(value: unknown): string {
  return clipText(JSON.stringify(value) ?? "nothing", 100);
}

const refOf = (path: readonly string[]) => `${settingsFile} ${path.join(".")}`;

function noteOf(path: readonly string[], value: unknown): HomeRecordGiven {
  return { kind: "kept", ref: refOf(path), what: "setting", record: JSON.parse(JSON.stringify(value)) };
}

/** Which of these an import brought before. */
async function readBrought(
  client: RoostClient,
  source: string,
  notes: readonly HomeRecordGiven[],
): Promise<Set<string>> {
  const outcomes = await sendNotes(client, source, { notes, isDryRun: true });
  return new Set(outcomes.filter(({ action }) => action !== "created").map(({ ref }) => ref));
}

async function sendNotes(
  client: RoostClient,
  source: string,
  { notes, isDryRun }: { notes: readonly HomeRecordGiven[]; isDryRun: boolean },
): Promise<ImportOutcome[]> {
  const lines = notes.map((note) => JSON.stringify(note));
  const options = { source, isDryRun, replaces: false, restores: false };
  return lines.length === 0 ? [] : await sendBatch(client, lines, options);
}

/** Empty where there is none. */
export async function readSettingsFile(client: RoostClient): Promise<{ text: string; sha256: string | undefined }> {
  try {
    const { bytes } = await client.getFile({ path: settingsFile });
    return { text: new TextDecoder().decode(bytes), sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if (toRoostError(error).code !== "not_found") throw error;
    return { text: "", sha256: undefined };
  }
}
