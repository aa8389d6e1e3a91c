/** Reads a JSON object from a request, within a limit. An empty body is an empty object. */
import { limitBytes, RoostError } from "@roost/base";
import { scanJson } from "./scan-json.ts";

const depthMax = 200;

/** @throws invalid_input or limit_exceeded; `details.httpStatus` has the more precise status */
export async function readJsonBody(request: Request, bodyBytesMax: number): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request, bodyBytesMax);
  if (bytes.length === 0) return {};
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (mediaType !== "application/json" && !mediaType.endsWith("+json")) {
    const given = mediaType === "" ? "no content type" : `content type ${mediaType}`;
    throw new RoostError("invalid_input", `the body has ${given}: send application/json`, {
      details: { httpStatus: 415 },
    });
  }
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    refuseAmbiguous(text);
    value = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof RoostError) throw cause;
    throw new RoostError("invalid_input", `the body is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RoostError("invalid_input", "the body must be a JSON object");
  }
  return value as Record<string, unknown>;
}

/** @throws RoostError `invalid_input` for JSON that not every parser reads the same, or that is more than one can hold */
export function refuseAmbiguous(text: string, { valuesMax }: { valuesMax?: number } = {}): void {
  const fault = scanJson(text, { levelsMax: depthMax, valuesMax });
  // Code that walks the value is recursive.
  if (fault?.kind === "depth")
    throw new RoostError("invalid_input", `the body is nested deeper than ${depthMax} levels: flatten it`);
  if (fault?.kind === "count")
    throw new RoostError("invalid_input", `the body has more than ${valuesMax} values: send less at a time`);
  // Parsers differ in which of the two they use.
  if (fault?.kind === "name")
    throw new RoostError("invalid_input", `the body has the field "${fault.name.slice(0, 64)}" twice: give it once`);
}

/** @throws RoostError `limit_exceeded` as soon as the limit is passed */
export async function readBytes(request: Request, bodyBytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  return Buffer.concat(await Array.fromAsync(boundedBody(request, bodyBytesMax)));
}

/** The body as it arrives. @throws RoostError `limit_exceeded`, at once where the request says how long it is, else as soon as there is more */
export function boundedBody(request: Request, bodyBytesMax: number): AsyncGenerator<Uint8Array> {
  const refuse = () =>
    new RoostError("limit_exceeded", `the body is longer than ${bodyBytesMax} bytes: send less, or in parts`, {
      details: { httpStatus: 413 },
    });
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw refuse();
  return limitBytes(request.body ?? [], { bytesMax: bodyBytesMax, refuse });
}
