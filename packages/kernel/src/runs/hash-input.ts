import { createHash } from "node:crypto";
import { canonicalJson } from "@roost/base";

/** SHA-256 of a JSON value, independent of the order of keys. */
export function hashInput(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
