import { RoostError } from "@roost/base";
import { parseDocument, type Document } from "yaml";
import { parseSettings } from "./read-settings.ts";

/**
 * The text of roost.yaml after a change; comments stay. `path` is only used in messages.
 * @throws RoostError `invalid_input` when the text is no YAML, or what comes out is no settings
 */
export function changeSettingsText(text: string, path: string, change: (document: Document) => void): string {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new RoostError("invalid_input", `${path}: ${error.message}`);
  change(document);
  const changed = document.toString({ lineWidth: 0 });
  parseSettings(changed, path);
  return changed;
}
