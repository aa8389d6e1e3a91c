/** Programmer error: ends the attempt or the process. Like node:assert, and also there in a browser. */
export function assert(isSo: boolean, message: string): asserts isSo {
  if (isSo) return;
  const error = new Error(message);
  error.name = "AssertionError";
  throw error;
}
