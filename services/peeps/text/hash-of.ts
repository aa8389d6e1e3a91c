/** Tells two versions of a value apart; fields that are undefined do not count. */
import { createHash } from "node:crypto";
import { canonicalJson, type JsonObject } from "@roost/base";

export function hashOf(value: object): string {
  const plain = JSON.parse(JSON.stringify(value)) as JsonObject;
  return createHash("sha256").update(canonicalJson(plain)).digest("hex").slice(0, 32);
}
