/** Files of the home with their marked lines. */
import { z } from "zod";
import { Count, Name, Time } from "./fields.ts";
import { pathCharsMax } from "./limits.ts";

/** Of a file that is written as text. */
export const fileTextCharsMax = 500_000;
/** Of a file that is written as a whole. */
export const fileBytesMax = 1_048_576;

/** Of one that is brought or taken in ranges. */
export const largeFileBytesMax = 2 ** 31;
export const fileRangeBytesMax = 4 * 2 ** 20;

export const HomePath = z.string().min(1).max(pathCharsMax).describe("Relative to the home");
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hexadecimal");
/** Of a range. */
export const PlaceInFile = z.coerce.number().int().min(0).max(largeFileBytesMax);
const sources = z.array(Name).describe("Its source: web:example.com");

export const HomeFile = z
  .object({
    path: HomePath,
    bytes: Count,
    modifiedAt: Time,
    mark: z
      .object({
        sources,
        lines: z
          .array(z.object({ from: Count, to: Count }))
          .nullable()
          .describe("Null: the whole file"),
      })
      .nullable()
      .describe("Which lines come from untrusted content"),
  })
  .meta({ id: "HomeFile" });
export type HomeFileRecord = z.output<typeof HomeFile>;

export const TrustedFile = z
  .object({
    path: HomePath,
    sha256: Sha256,
    lineCount: Count.describe("Lines whose mark was removed"),
    leftCount: Count.describe("Lines that are still marked"),
    sources,
  })
  .meta({ id: "TrustedFile" });

export const HomeFileVersion = z
  .object({
    sha256: Sha256,
    bytes: Count,
    at: Time.describe("When it was recorded; of a file above 1 MiB, when it was last found with it"),
    by: Name.nullable().describe(
      "Who wrote, brought or restored it; null: an edit outside of Roost, or a file above 1 MiB",
    ),
    isPresent: z.boolean().describe("What the file is now"),
    dropped: z
      .object({ at: Time, limit: z.enum(["count", "bytes"]).describe("Of retention.largeFiles") })
      .nullable()
      .describe("Its bytes were removed; only files above 1 MiB lose versions"),
  })
  .meta({ id: "HomeFileVersion" });
export type HomeFileVersionRecord = z.output<typeof HomeFileVersion>;
