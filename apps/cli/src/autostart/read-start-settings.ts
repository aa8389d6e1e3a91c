import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RoostError } from "@roost/base";
import { environmentMeanings } from "../help/environment-meanings.ts";

/** What `roost up` reads from its environment. */
const startVariables = environmentMeanings
  .filter(({ meaning }) => meaning.startsWith("up: "))
  .flatMap(({ name }) => name.split(", "));

/**
 * The variables of this environment that a start without a shell would miss: those of `roost up`, and those that the settings of the home name
 * (`env:NAME`).
 * @throws invalid_input for a value that no unit file can hold
 */
export async function readStartSettings(
  homeDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const written = await readFile(join(homeDir, "roost.yaml"), "utf8").catch(() => "");
  const named = [...written.matchAll(/^[^#\n]*?\benv:([A-Za-z_]\w*)/gm)].map(([, name = ""]) => name);
  const settings: Record<string, string> = {};
  for (const name of new Set([...startVariables, ...named])) {
    const value = environment[name];
    if (value === undefined || value === "") continue;
    if (/\p{Cc}/u.test(value))
      throw new RoostError("invalid_input", `${name} has a control character: it cannot be kept`);
    settings[name] = value;
  }
  return settings;
}
