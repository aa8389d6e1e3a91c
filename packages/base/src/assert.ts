/** Programmer error: ends the attempt or the process. Like node:assert, but also available in browsers. */
export function assert(isSo: boolean, message: string): asserts isSo {
  if (isSo) return;
  const error = new Error(message);
  error.name = "AssertionError";
  throw error;
}
