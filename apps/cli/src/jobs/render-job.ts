import type { JsonValue } from "@roost/base";
import { plainText } from "@roost/base/text-width";
import { asWritten } from "@roost/jobs/files";
import { stringify } from "yaml";

/** A definition as a file for `roost jobs apply`: durations like `10m`, long texts line by line as they are. */
export function renderJob(definition: object): string {
  return plainText(stringify(asWritten(definition as JsonValue), { blockQuote: "literal", lineWidth: 0 }));
}
