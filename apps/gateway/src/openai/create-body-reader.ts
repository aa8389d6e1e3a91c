/** Reads the JSON body of a call within limits: of one, and of all that are on their way. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { isJsonObject, RoostError, type JsonObject } from "@roost/base";

export const callBytesMax = 26_214_400;
/** Of all bodies that are being read or passed on. */
const heldBytesMax = 10 * callBytesMax;

export interface CallBody {
  text: string;
  body: JsonObject;
}

export interface BodyReader {
  /** @throws RoostError `invalid_input`, or `limit_exceeded` with status 413 */
  read(request: IncomingMessage): Promise<CallBody & { release: () => void }>;
}

export function createBodyReader(): BodyReader {
  let heldBytes = 0;
  return {
    async read(request) {
      const mediaType = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
      if (mediaType !== "application/json")
        throw new RoostError("invalid_input", "The body must be application/json: send that content type", {
          details: { httpStatus: 415 },
        });
      const told = Number(request.headers["content-length"] ?? 0);
      if (told > callBytesMax) throw tooLong();
      let ownBytes = 0;
      const release = () => {
        heldBytes -= ownBytes;
        ownBytes = 0;
      };
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) {
          ownBytes += chunk.length;
          heldBytes += chunk.length;
          if (ownBytes > callBytesMax) throw tooLong();
          if (heldBytes > heldBytesMax)
            throw new RoostError("unavailable", "Too many large calls are on their way: try again in a moment");
          chunks.push(chunk);
        }
        return { ...parse(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)), release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

function parse(bytes: Buffer): CallBody {
  if (!isUtf8(bytes)) throw new RoostError("invalid_input", "The body is not UTF-8");
  const text = bytes.toString("utf8");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new RoostError("invalid_input", `The body is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
  if (!isJsonObject(body)) throw new RoostError("invalid_input", "The body must be a JSON object");
  return { text, body };
}

function tooLong(): RoostError {
  return new RoostError("limit_exceeded", `The body is longer than ${callBytesMax} bytes: send less`, {
    details: { httpStatus: 413, type: "invalid_request_error" },
  });
}
