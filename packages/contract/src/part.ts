/** A part of a message or of a result: what it is and where its bytes are. It loads no schemas and runs in a browser. */

export const partTypes = ["text", "json", "image", "audio", "file", "resource"] as const;
export type PartType = (typeof partTypes)[number];

export interface Part {
  type: PartType;
  mediaType: string;
  bytes: number;
  /** Names its bytes; they are fetched by it. Left out: a resource of which only the address is known. */
  sha256?: string | undefined;
  /** What it says, where that is text and short. */
  text?: string | undefined;
  /** As a person knows it: the name of a file. */
  name?: string | undefined;
  /** Of a resource. */
  uri?: string | undefined;
  /** Of what it says (labels.ts); left out: those of the message that it stands in. */
  labels?: string[] | undefined;
}

export const partLimits = {
  bytesMax: 20 * 1024 * 1024,
  /** A text of at most so many bytes stands in its part. */
  inlineBytesMax: 16 * 1024,
  perMessageMax: 20,
} as const;

/** The first digits of a part's hash: how a model names it. */
export const partIdChars = 12;

/** As a model is told of it, with its id: `image photo.jpg 1.2 MB image/jpeg #0123456789ab` */
export function namePart(part: Part): string {
  const { sha256 } = part;
  return sha256 === undefined ? describePart(part) : `${describePart(part)} #${sha256.slice(0, partIdChars)}`;
}

/** `image photo.jpg 1.2 MB image/jpeg` */
export function describePart({ type, name, uri, bytes, mediaType, sha256 }: Part): string {
  const size = sha256 === undefined ? undefined : formatBytes(bytes);
  return [type, name ?? uri, size, mediaType]
    .filter((word) => word !== undefined)
    .join(" ")
    .replaceAll(/\s+/g, " ");
}

/** `812 B`, `12 KB`, `1.2 MB`: decimal, as people read sizes of files. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
