/** Pictures that stand within a transcript, as the three programs write them: they become parts, and their bytes leave what is kept beside a message. */
import { partLimits } from "@roost/contract/part";

export interface Picture {
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

type Block = Record<string, unknown>;

export interface TakenPictures {
  pictures: Picture[];
  /** The blocks that are none, or none that can be a part. */
  others: Block[];
}

export function takePictures(blocks: readonly Block[]): TakenPictures {
  const taken: TakenPictures = { pictures: [], others: [] };
  for (const block of blocks) {
    const picture = taken.pictures.length < partLimits.perMessageMax ? pictureIn(block) : undefined;
    if (picture === undefined) taken.others.push(block);
    else taken.pictures.push(picture);
  }
  return taken;
}

/** OpenClaw: `data`, `mimeType`; Claude Code: `source`; Codex: `image_url`. */
function pictureIn(block: Block): Picture | undefined {
  if (block["type"] !== "image" && block["type"] !== "input_image") return undefined;
  const source = (typeof block["source"] === "object" ? block["source"] : undefined) as Block | null | undefined;
  const [, ofUrl, inUrl] = /^data:([\w.+-]+\/[\w.+-]+);base64,(.*)$/s.exec(String(block["image_url"] ?? "")) ?? [];
  const text = source?.["data"] ?? block["data"] ?? inUrl;
  const mediaType = source?.["media_type"] ?? block["mimeType"] ?? ofUrl;
  if (typeof text !== "string" || !/^[A-Za-z0-9+/\s]+=*\s*$/.test(text)) return undefined;
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (bytes.byteLength === 0 || bytes.byteLength > partLimits.bytesMax) return undefined;
  return { mediaType: typeof mediaType === "string" ? mediaType : "application/octet-stream", bytes };
}
