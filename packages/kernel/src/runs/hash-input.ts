import { createHash } from "node:crypto";
import { canonicalJson } from "@roost/base";

/** SHA-256 of a JSON value, the same whatever order its keys were written in. */
export function hashInput(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
