import { RoostError } from "@roost/base";
import { types } from "pg";

const oid = { int8: 20, date: 1082, timestamp: 1114, interval: 1186, int8Array: 1016 };

type Parse = (text: string) => unknown;

const asText: Parse = (text) => text;

/**
 * Converts column types where Roost differs from the driver's defaults: int8 is a number (an unsafe one is refused, never rounded); date, timestamp
 * without time zone and interval stay text, because as Date they would silently take this process's time zone.
 */
export const valueParsers = {
  getTypeParser(typeOid: number, format?: "text" | "binary"): any {
    if (format === "binary") return types.getTypeParser(typeOid, "binary");
    return parsers.get(typeOid) ?? types.getTypeParser(typeOid, "text");
  },
};

const parsers = new Map<number, Parse>([
  [oid.int8, parseInt8],
  [
    oid.int8Array,
    (text) =>
      (types.getTypeParser(oid.int8Array, "text") as (t: string) => (string | null)[])(text).map((item) =>
        item === null ? null : parseInt8(item),
      ),
  ],
  [oid.date, asText],
  [oid.timestamp, asText],
  [oid.interval, asText],
]);

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RoostError("internal", `int8 value ${text} is beyond ${Number.MAX_SAFE_INTEGER}: select it as text`);
  }
  return value;
}
