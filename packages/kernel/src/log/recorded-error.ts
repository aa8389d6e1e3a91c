import { toRoostError } from "@roost/base";

const errorCharsMax = 2_000;

/** An error as rows and events have it. */
export function recordedError(error: unknown): { code: string; message: string } {
  const { code, message } = toRoostError(error);
  return { code, message: message.slice(0, errorCharsMax).toWellFormed() };
}
