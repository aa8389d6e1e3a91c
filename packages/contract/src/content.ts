/** Content other than JSON: an input field that is the request's body, or the output that is the answer's. */
import { z } from "zod";

export interface Content {
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** File name for downloads. */
  filename?: string | undefined;
  /** Of exactly these bytes: who has them is not sent them again, and ranges of them are. */
  sha256?: string | undefined;
}

/** Content as a handler takes it that reads it while it arrives. Reading it throws when there is more than the rules allow. */
export interface StreamedContent {
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>;
}

export interface ContentRules {
  /** `image/png`, `audio/*`; the first is the default. */
  mediaTypes: readonly string[];
  bytesMax: number;
  isStreamed?: boolean;
}

export const contentBytesMaxDefault = 20 * 1024 * 1024;
const rulesKey = "x-roost-content";

type MediaTypes = readonly [string, ...string[]];

/** A schema of content of these media types. `isStreamed`: the handler reads it while it arrives. */
export function content(mediaTypes: MediaTypes, options: Limits & { isStreamed: true }): z.ZodType<StreamedContent>;
export function content(mediaTypes: MediaTypes, options?: Limits): z.ZodType<Content, Content>;
export function content(
  mediaTypes: MediaTypes,
  { bytesMax = contentBytesMaxDefault, isStreamed = false }: Limits & { isStreamed?: boolean } = {},
): z.ZodType<Content | StreamedContent> {
  const rules: ContentRules = { mediaTypes, bytesMax, isStreamed };
  return z
    .custom<Content>((value) => isContent(value, isStreamed), {
      error: "must be content: a media type and bytes",
      abort: true,
    })
    .refine(({ mediaType }) => isOneOf(mediaTypes, mediaType), { error: `must be ${mediaTypes.join(" or ")}` })
    .refine(({ bytes }) => !(bytes instanceof Uint8Array) || bytes.byteLength <= bytesMax, {
      error: `must have at most ${bytesMax} bytes`,
    })
    .meta({ [rulesKey]: rules });
}

interface Limits {
  bytesMax?: number;
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
  return mediaTypes.some(
    (known) => known === given || known === "*/*" || (known.endsWith("/*") && given.startsWith(known.slice(0, -1))),
  );
}

function isContent(value: unknown, isStreamed: boolean): boolean {
  const { mediaType, bytes } = (value ?? {}) as Partial<StreamedContent>;
  if (typeof mediaType !== "string" || typeof bytes !== "object") return false;
  return bytes instanceof Uint8Array || (isStreamed && Symbol.asyncIterator in bytes);
}
