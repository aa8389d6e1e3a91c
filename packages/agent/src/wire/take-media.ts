// Pictures and sound that a model makes, taken out of a reply's chunks: one way for all servers, whatever their package knows of them.

type Fields = Record<string, unknown>;

/** A picture, or the next piece of the reply's sound. */
export interface WireMedia {
  kind: "image" | "audio";
  bytes: Buffer<ArrayBuffer>;
}

const dataUrl = /^data:[^,]*;base64,/;

/**
 * Takes `images` (OpenRouter, LiteLLM) and `audio` (OpenAI) out of a delta. What was spoken becomes its text; a picture behind an address is not
 * fetched: its address follows the text.
 */
export function takeMedia(delta: Fields): WireMedia[] {
  const { images, audio } = delta;
  const media: WireMedia[] = [];
  const addresses: string[] = [];
  for (const image of Array.isArray(images) ? images : []) {
    const given = (image as Fields | null)?.["image_url"];
    const url = typeof given === "string" ? given : (given as Fields | undefined)?.["url"];
    if (typeof url !== "string") continue;
    if (dataUrl.test(url)) media.push({ kind: "image", bytes: Buffer.from(url.replace(dataUrl, ""), "base64") });
    else if (/^https?:/i.test(url)) addresses.push(url);
  }
  const { data, transcript } = (typeof audio === "object" && audio !== null ? audio : {}) as Fields;
  if (typeof data === "string") media.push({ kind: "audio", bytes: Buffer.from(data, "base64") });
  if (typeof transcript === "string" && !delta["content"]) delta["content"] = transcript;
  const { content } = delta;
  const text = addresses.map((url) => `\n${url}\n`).join("");
  if (text !== "" && Array.isArray(content)) content.push({ type: "text", text });
  else if (text !== "") delta["content"] = typeof content === "string" ? content + text : text;
  if (images !== undefined) delete delta["images"];
  if (audio !== undefined) delete delta["audio"];
  return media.filter(({ bytes }) => bytes.byteLength > 0);
}

/** Streamed sound comes without a header: 24 kHz, 16 bits, one channel (OpenAI's `pcm16`). */
const sampleRate = 24_000;
const knownSound = /^(52494646|494433|fff[bfa23]|4f676753|664c6143)/;

/** Files of a reply: each picture, the sound in one, and what came as a whole. */
export function filesOf(media: readonly WireMedia[], whole: readonly Uint8Array[]): Uint8Array[] {
  const images = [...whole, ...media.filter(({ kind }) => kind === "image").map(({ bytes }) => bytes)];
  const sound = Buffer.concat(media.filter(({ kind }) => kind === "audio").map(({ bytes }) => bytes));
  if (sound.byteLength === 0) return images;
  const isFile = knownSound.test(sound.subarray(0, 4).toString("hex"));
  return [...images, isFile ? sound : Buffer.concat([waveHeader(sound.byteLength), sound])];
}

/** RIFF WAVE, PCM (Microsoft's Multimedia Programming Interface 1.0). */
function waveHeader(byteCount: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + byteCount, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(byteCount, 40);
  return header;
}
