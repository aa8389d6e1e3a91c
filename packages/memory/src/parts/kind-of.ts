/** What bytes are, by how they begin: their media type, and as which kind of part they are shown. Names and senders only help where bytes say nothing. */
import { extname } from "node:path";
import type { PartType } from "@roost/contract/part";

/** So many bytes are looked at. */
export const headBytes = 4096;

/** Of the first bytes in hex. */
const signatures: readonly [RegExp, string][] = [
  [/^89504e470d0a1a0a/, "image/png"],
  [/^ffd8ff/, "image/jpeg"],
  [/^474946383[79]61/, "image/gif"],
  [/^52494646.{8}57454250/, "image/webp"],
  [/^424d.{8}00000000/, "image/bmp"],
  [/^(49492a00|4d4d002a)/, "image/tiff"],
  [/^.{8}6674797061766966/, "image/avif"],
  [/^.{8}66747970(68656963|68656978|6d696631)/, "image/heic"],
  [/^52494646.{8}57415645/, "audio/wav"],
  [/^(494433|ff(e2|e3|f2|f3|fa|fb))/, "audio/mpeg"],
  [/^4f676753/, "audio/ogg"],
  [/^664c6143/, "audio/flac"],
  [/^.{8}667479704d3441/, "audio/mp4"],
  [/^.{8}66747970/, "video/mp4"],
  [/^255044462d/, "application/pdf"],
  [/^504b(0304|0506)/, "application/zip"],
  [/^1f8b/, "application/gzip"],
];

const textTypes: Record<string, string> = {
  ".md": "text/markdown",
  ".csv": "text/csv",
  ".html": "text/html",
  ".htm": "text/html",
  ".json": "application/json",
  ".xml": "application/xml",
  ".svg": "image/svg+xml",
};

export interface Kind {
  type: PartType;
  mediaType: string;
}

/** `said`: the media type that the sender gave. */
export function kindOf(head: Uint8Array, { name = "", said = "" }: { name?: string | undefined; said?: string }): Kind {
  const start = Buffer.from(head.subarray(0, 16)).toString("hex");
  const known = signatures.find(([signature]) => signature.test(start))?.[1];
  const given = /^[a-z0-9.+-]+\/[a-z0-9.+-]+/.exec(said.toLowerCase())?.[0] ?? "";
  if (known !== undefined) {
    // What is packed into a zip is told by its sender: documents of several programs.
    const mediaType = known === "application/zip" && given.startsWith("application/") ? given : known;
    return {
      type: mediaType.startsWith("image/") ? "image" : mediaType.startsWith("audio/") ? "audio" : "file",
      mediaType,
    };
  }
  if (!isText(head))
    return { type: "file", mediaType: given.startsWith("application/") ? given : "application/octet-stream" };
  const byName = textTypes[extname(name).toLowerCase()];
  const isTextual = given.startsWith("text/") || /(json|xml|yaml)$/.test(given);
  const mediaType = byName ?? (isTextual ? given : "text/plain");
  return { type: mediaType.endsWith("json") ? "json" : "text", mediaType };
}

/** UTF-8 without NUL; the last character may be cut. */
function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: head.byteLength >= headBytes });
    return true;
  } catch {
    return false;
  }
}
