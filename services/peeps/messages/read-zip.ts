/**
 * Texts of a zip file, as WhatsApp and Slack hand exports out. Nothing is written anywhere: names are compared, not opened.
 * A zip may unpack to a thousand times its size and lie about it, so what is read has bounds of its own.
 */
import { RoostError } from "@roost/base";
import { openPromise, type Entry, type ZipFile } from "yauzl";

export interface ZipText {
  /** In the zip, with `/`. */
  path: string;
  bytes: Buffer;
}

export interface ZipLimits {
  entriesMax: number;
  /** Of one text, unpacked. */
  textBytesMax: number;
  /** Of all that are read. */
  allBytesMax: number;
}

const usualLimits: ZipLimits = { entriesMax: 200_000, textBytesMax: 128 * 1024 * 1024, allBytesMax: 512 * 1024 * 1024 };

/**
 * Those whose path is wanted; all others (pictures, films) stay packed.
 * @throws RoostError `invalid_input` for a zip that is torn, encrypted, or names files outside of it; `limit_exceeded` for one past the bounds
 */
export async function readZip(
  path: string,
  isWanted: (path: string) => boolean,
  { entriesMax, textBytesMax, allBytesMax }: ZipLimits = usualLimits,
): Promise<ZipText[]> {
  const texts: ZipText[] = [];
  let zip: ZipFile | undefined;
  try {
    // Names with "..", a drive or a backslash are refused, and sizes that are other than they say.
    zip = await openPromise(path, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
      strictFileNames: true,
    });
    if (zip.entryCount > entriesMax)
      throw new RoostError("limit_exceeded", `${path} has ${zip.entryCount} files (limit ${entriesMax})`);
    let room = allBytesMax;
    for await (const entry of zip.eachEntry() as AsyncIterable<Entry>) {
      if (entry.fileName.endsWith("/") || !isWanted(entry.fileName)) continue;
      const limit = Math.min(textBytesMax, room);
      if (entry.uncompressedSize > limit)
        throw new RoostError(
          "limit_exceeded",
          `${path}: ${entry.fileName} has ${entry.uncompressedSize} bytes when it is unpacked (limit ${limit})`,
        );
      const chunks: Buffer[] = [];
      // Ends with an error as soon as more comes than the entry says.
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      room -= bytes.length;
      texts.push({ path: entry.fileName, bytes });
    }
  } catch (cause) {
    if (cause instanceof RoostError) throw cause;
    throw new RoostError("invalid_input", `${path} cannot be unpacked: ${(cause as Error).message}`, { cause });
  } finally {
    zip?.close();
  }
  return texts;
}
