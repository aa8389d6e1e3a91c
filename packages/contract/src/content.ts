/** Content other than JSON: an input field that is the request's body, or the output that is the answer's. */
import { z } from "zod";

export interface Content {
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** File name for downloads. */
  filename?: string | undefined;
}

export interface ContentRules {
  /** `image/png`, `audio/*`; the first is the default. */
  mediaTypes: readonly string[];
  bytesMax: number;
}

export const contentBytesMaxDefault = 20 * 1024 * 1024;
const rulesKey = "x-roost-content";

/** A schema of content of these media types. */
export function content(
  mediaTypes: readonly [string, ...string[]],
  { bytesMax = contentBytesMaxDefault }: { bytesMax?: number } = {},
): z.ZodType<Content, Content> {
  const rules: ContentRules = { mediaTypes, bytesMax };
  return z
    .custom<Content>((value) => isContent(value), { error: "must be content: a media type and bytes", abort: true })
    .refine(({ mediaType }) => isOneOf(mediaTypes, mediaType), { error: `must be ${mediaTypes.join(" or ")}` })
    .refine(({ bytes }) => bytes.byteLength <= bytesMax, { error: `must have at most ${bytesMax} bytes` })
    .meta({ [rulesKey]: rules });
}

/** The rules of a content schema; undefined for other schemas. */
export function contentOf(schema: z.core.$ZodType): ContentRules | undefined {
  const rules = (schema as z.ZodType).meta?.()?.[rulesKey] as ContentRules | undefined;
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return rules ?? (innerType === undefined ? undefined : contentOf(innerType));
}

/** Whether a media type, without parameters, is in the list. */
export function isOneOf(mediaTypes: readonly string[], mediaType: string): boolean {
  const given = (mediaType.split(";")[0] ?? "").trim().toLowerCase();
  return mediaTypes.some((known) => known === given || (known.endsWith("/*") && given.startsWith(known.slice(0, -1))));
}

function isContent(value: unknown): value is Content {
  const { mediaType, bytes } = (value ?? {}) as Partial<Content>;
  return typeof mediaType === "string" && bytes instanceof Uint8Array;
}
