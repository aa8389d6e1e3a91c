/** Writes settings of another home into roost.yaml, each where there is none here: what stands here, and what was set here since, stays. */
import { createHash } from "node:crypto";
import { toRoostError } from "@roost/base";
import { changeSettingsText, settingsFile } from "@roost/memory/settings";
import { parseDocument } from "yaml";
import type { RoostClient } from "../connect.ts";
import type { ConvertedSettings } from "./openclaw/convert-settings.ts";
import { countOne, type GatheredReport } from "./send-records.ts";

export async function takeSettings(
  client: RoostClient,
  { settings, left }: ConvertedSettings,
  { report, isDryRun }: { report: GatheredReport; isDryRun: boolean },
): Promise<void> {
  const lineMax = 1_000;
  for (const line of left)
    report.noPlace.push({ name: "openclaw.json", reason: line.slice(0, lineMax).toWellFormed() });
  try {
    const { text: before, sha256 } = await readSettingsFile(client);
    let text = before;
    for (const { path, value } of settings) {
      const name = path.join(".");
      if (parseDocument(text).hasIn(path)) {
        countOne(report, "setting", "same");
        continue;
      }
      try {
        const changed = changeSettingsText(text, settingsFile, (document) => document.setIn(path, value));
        text = changed;
        countOne(report, "setting", "created");
        report.notes.push(`${name} of roost.yaml is taken from openclaw.json: restart Roost to use it`);
      } catch (error) {
        countOne(report, "setting", "refused");
        report.refused.push({ name: `openclaw.json ${name}`, reason: toRoostError(error).message.slice(0, lineMax) });
      }
    }
    if (isDryRun || text === before) return;
    const { state } = await client.writeFile({ path: settingsFile, text, sha256 });
    if (state === "conflict")
      report.refused.push({ name: settingsFile, reason: "it was changed meanwhile: import again" });
  } catch (error) {
    const { code, message } = toRoostError(error);
    if (code === "unavailable" || code === "unauthenticated") throw error;
    report.refused.push({ name: settingsFile, reason: message.slice(0, lineMax) });
  }
}

async function readSettingsFile(client: RoostClient): Promise<{ text: string; sha256: string | undefined }> {
  try {
    const { bytes } = await client.getFile({ path: settingsFile });
    return { text: new TextDecoder().decode(bytes), sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (error) {
    if (toRoostError(error).code !== "not_found") throw error;
    return { text: "", sha256: undefined };
  }
}
