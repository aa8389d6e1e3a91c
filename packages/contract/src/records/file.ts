/** Files of the home, with what of them rests on content that nobody vouches for. */
import { z } from "zod";
import { Count, Name, Time } from "./fields.ts";
import { pathCharsMax } from "./limits.ts";

export const HomePath = z.string().min(1).max(pathCharsMax).describe("Relative to the home");
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hexadecimal");
const sources = z.array(Name).describe("Where it came from: web:example.com");

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
      .describe("What of it rests on content that nobody vouches for"),
  })
  .meta({ id: "HomeFile" });
export type HomeFile = z.output<typeof HomeFile>;

export const TrustedFile = z
  .object({
    path: HomePath,
    sha256: Sha256,
    lineCount: Count.describe("Lines that were marked and are not any more"),
    leftCount: Count.describe("Lines that still are"),
    sources,
  })
  .meta({ id: "TrustedFile" });
