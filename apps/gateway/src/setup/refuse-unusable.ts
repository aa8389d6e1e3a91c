import { RoostError, toRoostError } from "@roost/base";
import { parseSettings, resolveProviders, settingsFile, type SecretSources } from "@roost/memory/settings";

/** What would not start is not applied. @throws RoostError `conflict` that says why */
export async function refuseUnusable(text: string, sources: SecretSources): Promise<void> {
  try {
    await resolveProviders(parseSettings(text, settingsFile), sources);
  } catch (error) {
    const { message } = toRoostError(error);
    throw new RoostError("conflict", `${settingsFile} is not applied: ${message}`, { cause: error });
  }
}
