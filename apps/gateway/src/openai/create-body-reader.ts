/** Reads the JSON body of a call within limits: of one, and of all that are on their way. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { isJsonObject, RoostError, type JsonObject } from "@roost/base";
import { refuseAmbiguous } from "@roost/contract";

export const callBytesMax = 26_214_400;
/** Of all bodies that are being read or passed on, and of one caller's: parsed and with another model's name a body takes four times its bytes. */
const heldBytesMax = 4 * callBytesMax;
const heldOfCallerMax = 2 * callBytesMax;
/** Of one body: more than any list of tokens that a server takes. */
const valuesMax = 500_000;

export interface CallBody {
  text: string;
  body: JsonObject;
}

export interface BodyReader {
  /** @throws RoostError `invalid_input`, `unavailable`, or `limit_exceeded` with status 413 */
  read(request: IncomingMessage, callerId: string): Promise<CallBody & { release: () => void }>;
}

export function createBodyReader(): BodyReader {
  let heldBytes = 0;
  const heldOf = new Map<string, number>();
  const hold = (callerId: string, bytes: number) => {
    heldBytes += bytes;
    const ofCaller = (heldOf.get(callerId) ?? 0) + bytes;
    if (ofCaller === 0) heldOf.delete(callerId);
    else heldOf.set(callerId, ofCaller);
    return heldBytes <= heldBytesMax && ofCaller <= heldOfCallerMax;
  };
  return {
    async read(request, callerId) {
      const mediaType = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
      if (mediaType !== "application/json")
        throw new RoostError("invalid_input", "The body must be application/json: send that content type", {
          details: { httpStatus: 415 },
        });
      const told = Number(request.headers["content-length"] ?? 0);
      if (told > callBytesMax) throw tooLong();
      let ownBytes = 0;
      const release = () => {
        hold(callerId, -ownBytes);
        ownBytes = 0;
      };
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of request as AsyncIterable<Buffer>) {
          ownBytes += chunk.length;
          const isRoom = hold(callerId, chunk.length);
          if (ownBytes > callBytesMax) throw tooLong();
          if (!isRoom)
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
    refuseAmbiguous(text, { valuesMax });
    body = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof RoostError) throw cause;
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
